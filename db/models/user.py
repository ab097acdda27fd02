"""Users of the bot."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class User(Keyed, Timestamped, Base, kw_only=True):
    """A person who has used the bot. People who only talk in a channel are not users.

    With `shares_memories`, what they told a personality that they have made is known to all of
    these. Until `fresh_until` nothing that is remembered of them is read; `incognito` ends at
    `incognito_until`, or when they end it. `time_zone` is a name from the IANA database, `locale`
    the language of their Discord, known once they have used a command. A member that a proxy bot
    speaks for is a user of their own, with a negative `discord_id`; `account_id` is the Discord id
    of their account.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "ix_users_dm_personality_id",
            "dm_personality_id",
            postgresql_where=text("dm_personality_id IS NOT NULL"),
        ),
        Index("ix_users_account_id", "account_id", postgresql_where=text("account_id IS NOT NULL")),
    )

    discord_id: Mapped[int] = mapped_column(unique=True)
    username: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(default=None)
    time_zone: Mapped[str | None] = mapped_column(default=None)
    locale: Mapped[str | None] = mapped_column(default=None)
    incognito: Mapped[bool] = mapped_column(default=False, server_default="false")
    incognito_until: Mapped[datetime | None] = mapped_column(default=None)
    fresh_until: Mapped[datetime | None] = mapped_column(default=None)
    shares_memories: Mapped[bool] = mapped_column(default=False, server_default="false")
    incognito_ended_at: Mapped[datetime | None] = mapped_column(default=None)
    streams_answers: Mapped[bool] = mapped_column(default=True, server_default="true")
    dm_personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="SET NULL"), default=None
    )

    def is_fresh(self, now: datetime) -> bool:
        """Whether nothing that is remembered of the user is read now."""
        return self.fresh_until is not None and self.fresh_until > now
