"""Who may do what: policies of servers, admitted personalities, blocks and the audit log."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class Bringers(StrEnum):
    """Who may bring personalities into a server."""

    EVERYONE = "everyone"
    MODERATORS = "moderators"
    NOBODY = "nobody"


class ChannelMode(StrEnum):
    """In which channels of a server personalities speak: all, only some, or all but some."""

    ALL = "all"
    ONLY = "only"
    EXCEPT = "except"


class VoiceMessages(StrEnum):
    """What happens to voice messages to personalities in a server; quoted is shown in writing."""

    OFF = "off"
    HEARD = "heard"
    QUOTED = "quoted"


class SpokenAnswers(StrEnum):
    """How spoken answers are sent in a server: not, as a file, or as the bot's voice message."""

    OFF = "off"
    FILE = "file"
    VOICE_MESSAGE = "voice message"


class BlockLevel(StrEnum):
    """Whose rule a block is."""

    OPERATOR = "operator"
    SERVER = "server"
    MAKER = "maker"


class BlockTarget(StrEnum):
    """What is blocked."""

    USER = "user"
    ROLE = "role"
    CHANNEL = "channel"
    SERVER = "server"
    PERSONALITY = "personality"


class ServerPolicy(Base, kw_only=True):
    """What moderators allow in a server; a server without a row has the defaults.

    `channel_ids` are the channels of `channel_mode`, `time_zone` is a name from the IANA database.
    `left_at` is when the bot left the server,
    `forgotten_at` when what had been said there was deleted.
    """

    __tablename__ = "server_policies"
    __table_args__ = (
        CheckConstraint("bring IN ('everyone', 'moderators', 'nobody')", name="bring"),
        CheckConstraint("channel_mode IN ('all', 'only', 'except')", name="channel_mode"),
        CheckConstraint("answers_per_hour > 0", name="answers_per_hour"),
        CheckConstraint("voice_messages IN ('off', 'heard', 'quoted')", name="voice_messages"),
        CheckConstraint(
            "spoken_answers IN ('off', 'file', 'voice message')", name="spoken_answers"
        ),
    )

    guild_id: Mapped[int] = mapped_column(primary_key=True)
    bring: Mapped[str] = mapped_column(default=Bringers.EVERYONE, server_default=Bringers.EVERYONE)
    channel_mode: Mapped[str] = mapped_column(
        default=ChannelMode.ALL, server_default=ChannelMode.ALL
    )
    channel_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default_factory=list[int], server_default=text("'{}'")
    )
    allows_public: Mapped[bool] = mapped_column(default=True, server_default="true")
    allows_age_restricted: Mapped[bool] = mapped_column(default=True, server_default="true")
    keeps_memories: Mapped[bool] = mapped_column(default=True, server_default="true")
    streams_answers: Mapped[bool] = mapped_column(default=True, server_default="true")
    voice_messages: Mapped[str] = mapped_column(
        default=VoiceMessages.HEARD, server_default=VoiceMessages.HEARD
    )
    spoken_answers: Mapped[str] = mapped_column(
        default=SpokenAnswers.FILE, server_default=SpokenAnswers.FILE
    )
    # Names of tools that no personality may use there.
    forbidden_tools: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default_factory=list[str], server_default=text("'{}'")
    )
    answers_per_hour: Mapped[int | None] = mapped_column(Integer, default=None)
    time_zone: Mapped[str | None] = mapped_column(default=None)
    left_at: Mapped[datetime | None] = mapped_column(default=None)
    forgotten_at: Mapped[datetime | None] = mapped_column(default=None)


class Admission(Base, kw_only=True):
    """A personality that everyone may call in a server."""

    __tablename__ = "admissions"

    guild_id: Mapped[int] = mapped_column(primary_key=True)
    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    admitted_by: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class Block(Keyed, Base, kw_only=True):
    """A rule that somebody or something gets no answers, until `ends_at` if that is set.

    What a muted person says is still read by personalities as part of the conversation.
    `guild_id` is the server whose rule it is, `maker_id` the user whose personalities it is for.
    `target_id` is the Discord id of what is blocked, unless it is a personality.
    """

    __tablename__ = "blocks"
    __table_args__ = (
        CheckConstraint("(level = 'server') = (guild_id IS NOT NULL)", name="server"),
        CheckConstraint("(level = 'maker') = (maker_id IS NOT NULL)", name="maker"),
        CheckConstraint("num_nulls(target_id, personality_id) = 1", name="one_target"),
        Index(
            "uq_blocks_target",
            *("level", "guild_id", "maker_id", "target", "target_id", "personality_id"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_blocks_target_id", "target_id"),
        Index("ix_blocks_maker_id", "maker_id"),
        Index("ix_blocks_personality_id", "personality_id"),
    )

    level: Mapped[str]
    target: Mapped[str]
    target_id: Mapped[int | None] = mapped_column(default=None)
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), default=None
    )
    guild_id: Mapped[int | None] = mapped_column(default=None)
    maker_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), default=None
    )
    is_mute: Mapped[bool] = mapped_column(default=False, server_default="false")
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    note: Mapped[str | None] = mapped_column(default=None)
    created_by: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class AuditEntry(Keyed, Base, kw_only=True):
    """Who allowed, blocked, admitted something or changed a budget. Kept for 180 days."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_guild_id", "guild_id", "created_at"),)

    actor_id: Mapped[int]
    guild_id: Mapped[int | None] = mapped_column(default=None)
    action: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now(), index=True)


class SentNotice(Base, kw_only=True):
    """When a person was last told something that is told at most once in a while."""

    __tablename__ = "sent_notices"

    discord_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now(), init=False)
