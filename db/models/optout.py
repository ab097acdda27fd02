"""People who have opted out, and people whose data were deleted."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class OptOut(Base, kw_only=True):
    """A person, user of the bot or not, whose messages are neither stored nor sent to a model."""

    __tablename__ = "optouts"

    discord_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class ForgottenPerson(Base, kw_only=True):
    """When the data of a person were deleted, so that no process stores what came before.

    `digest` is a hash of their Discord id.
    """

    __tablename__ = "forgotten_people"

    digest: Mapped[str] = mapped_column(primary_key=True)
    forgotten_at: Mapped[datetime] = mapped_column(server_default=func.now())
