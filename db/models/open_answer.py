"""Answers in progress."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class OpenAnswer(Base, kw_only=True):
    """A message that is being answered, so that it is answered after a restart as well.

    `draft_id` is the line of the answer of which the beginning is shown already; `is_answered` is
    whether another personality has answered before, so that the message is not answered anew.
    """

    __tablename__ = "open_answers"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    channel_id: Mapped[int]
    guild_id: Mapped[int | None] = mapped_column(default=None)
    draft_id: Mapped[UUID | None] = mapped_column(default=None)
    draft_message_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default_factory=list[int], server_default=text("'{}'")
    )
    is_answered: Mapped[bool] = mapped_column(default=False, server_default="false")
    started_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
