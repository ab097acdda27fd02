"""People who want to be in nothing."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class OptOut(Base, kw_only=True):
    """A member, user of the bot or not, whose words are neither stored nor shown to a model."""

    __tablename__ = "optouts"

    discord_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
