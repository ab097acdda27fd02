"""How personalities speak in a channel."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Callers(StrEnum):
    """Who gets answers in a channel."""

    EVERYONE = "everyone"
    MODERATORS = "moderators"
    ROLE = "role"


class ChannelSettings(Base, kw_only=True):
    """What moderators have set for a channel and its threads; without a row, the defaults.

    `chattiness` is how many of a hundred messages that call nobody are answered by personalities
    that are activated. In quiet hours, from and to an hour of the server's clock, none is, and none
    within `cooldown_seconds` after an answer. `max_answers` is how many answer one of them,
    `max_turns` how often personalities answer each other without a person.
    """

    __tablename__ = "channel_settings"
    __table_args__ = (
        CheckConstraint("chattiness BETWEEN 0 AND 100", name="chattiness"),
        CheckConstraint("callers IN ('everyone', 'moderators', 'role')", name="callers"),
        CheckConstraint("max_answers BETWEEN 1 AND 5", name="max_answers"),
        CheckConstraint("max_turns BETWEEN 0 AND 5", name="max_turns"),
        CheckConstraint(
            "quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23", name="quiet_hours"
        ),
    )

    channel_id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[int] = mapped_column(index=True)
    chattiness: Mapped[int] = mapped_column(Integer, default=100, server_default="100")
    quiet_from: Mapped[int | None] = mapped_column(Integer, default=None)
    quiet_until: Mapped[int | None] = mapped_column(Integer, default=None)
    cooldown_seconds: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    callers: Mapped[str] = mapped_column(default=Callers.EVERYONE, server_default=Callers.EVERYONE)
    caller_role_id: Mapped[int | None] = mapped_column(default=None)
    threads_by_name: Mapped[bool] = mapped_column(default=False, server_default="false")
    max_answers: Mapped[int] = mapped_column(Integer, default=3, server_default="3")
    max_turns: Mapped[int] = mapped_column(Integer, default=2, server_default="2")
    scene_place: Mapped[str] = mapped_column(default="", server_default="")
    scene_time: Mapped[str] = mapped_column(default="", server_default="")
    scene_tone: Mapped[str] = mapped_column(default="", server_default="")
