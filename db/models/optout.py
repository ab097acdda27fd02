"""People who have opted out."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class OptOut(Base, kw_only=True):
    """A person, user of the bot or not, whose messages are neither stored nor sent to a model."""

    __tablename__ = "optouts"

    discord_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
