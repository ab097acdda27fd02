"""Answers in progress."""

from datetime import datetime

from sqlalchemy import BigInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class OpenAnswer(Base, kw_only=True):
    """A message that is being answered, so that it is answered after a restart as well."""

    __tablename__ = "open_answers"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    channel_id: Mapped[int]
    guild_id: Mapped[int | None] = mapped_column(default=None)
    started_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
