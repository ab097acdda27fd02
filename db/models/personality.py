"""Personalities (AI characters) and related tables."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class Visibility(StrEnum):
    """Who may address a personality by name in channels where it is not activated."""

    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class NsfwRating(StrEnum):
    """The content rating of a personality, from everyone to adults."""

    SAFE = "safe"
    SUGGESTIVE = "suggestive"
    EXPLICIT = "explicit"


class Gender(StrEnum):
    """How a personality presents itself."""

    FEMALE = "female"
    MALE = "male"
    NONBINARY = "nonbinary"
    NONE = "none"
    UNKNOWN = "unknown"


class AgeBucket(StrEnum):
    """The approximate age of a personality."""

    CHILD = "child"
    TEEN = "teen"
    YOUNG_ADULT = "young adult"
    ADULT = "adult"
    SENIOR = "senior"
    AGELESS = "ageless"
    UNKNOWN = "unknown"


class NoteRole(StrEnum):
    """As whose message a note stands in the history."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(each.value) for each in values)})"


class Personality(Keyed, Timestamped, Base, kw_only=True):
    """An AI character. Names are unique among those of a maker that are not deleted.

    One without a maker came with the bot, or its maker is gone.
    """

    __tablename__ = "personalities"
    __table_args__ = (
        Index(
            "ix_personalities_system_prompt_id",
            "system_prompt_id",
            postgresql_where=text("system_prompt_id IS NOT NULL"),
        ),
        Index(
            "uq_personalities_maker_id_name",
            "maker_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_personalities_name", text("lower(name)")),
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
        CheckConstraint(_one_of("visibility", Visibility), name="visibility"),
        CheckConstraint(_one_of("nsfw_rating", NsfwRating), name="nsfw_rating"),
        CheckConstraint(_one_of("gender", Gender), name="gender"),
        CheckConstraint(_one_of("age_bucket", AgeBucket), name="age_bucket"),
        CheckConstraint(_one_of("depth_note_role", NoteRole), name="depth_note_role"),
        CheckConstraint("depth_note_depth BETWEEN 0 AND 200", name="depth_note_depth"),
        CheckConstraint("public_age >= -1", name="public_age"),
        CheckConstraint("likes_count >= 0", name="likes_count"),
        CheckConstraint(
            "visibility <> 'public' OR num_nulls(public_version, nsfw_rating, gender, headline, "
            "public_name, published_at) = 0",
            name="public_is_complete",
        ),
        # Enforced whatever the rating was based on.
        CheckConstraint(
            "visibility <> 'public' OR nsfw_rating = 'safe' OR public_age NOT BETWEEN 0 AND 17",
            name="minors_are_safe",
        ),
        CheckConstraint(
            "visibility <> 'public' OR nsfw_rating <> 'explicit' OR age_restricted",
            name="explicit_is_age_restricted",
        ),
        ForeignKeyConstraint(
            ["id", "public_version"],
            ["personality_versions.personality_id", "personality_versions.number"],
            name="fk_personalities_public_version",
            use_alter=True,
        ),
        Index("ix_personalities_visibility", "visibility"),
        Index("ix_personalities_nsfw_rating", "nsfw_rating"),
        Index("ix_personalities_gender", "gender"),
        CheckConstraint("context_window_size BETWEEN 2 AND 200", name="context_window_size"),
    )

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    maker_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(
            "users.id",
            ondelete="SET NULL",
            use_alter=True,
            name="fk_personalities_maker_id_users",
        ),
        default=None,
    )
    display_name: Mapped[str | None] = mapped_column(default=None)
    avatar_url: Mapped[str | None] = mapped_column(default=None)
    avatar_explicit: Mapped[bool] = mapped_column(default=False, server_default="false")
    visibility: Mapped[str] = mapped_column(
        default=Visibility.UNLISTED, server_default=Visibility.UNLISTED
    )
    age_restricted: Mapped[bool] = mapped_column(default=False, server_default="false")
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")

    system_prompt_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("system_prompts.id", ondelete="SET NULL"), default=None
    )

    character_info: Mapped[str] = mapped_column(default="", server_default="")
    personality_traits: Mapped[str] = mapped_column(default="", server_default="")
    personality_tone: Mapped[str | None] = mapped_column(default=None)
    personality_age: Mapped[str | None] = mapped_column(default=None)
    personality_likes: Mapped[str | None] = mapped_column(default=None)
    personality_dislikes: Mapped[str | None] = mapped_column(default=None)
    conversational_goals: Mapped[str | None] = mapped_column(default=None)
    conversational_examples: Mapped[str | None] = mapped_column(default=None)
    first_message: Mapped[str | None] = mapped_column(default=None)
    alternate_greetings: Mapped[list[str]] = mapped_column(
        JSONB, default_factory=list, server_default="[]"
    )
    group_greetings: Mapped[list[str]] = mapped_column(
        JSONB, default_factory=list, server_default="[]"
    )
    # What macros call the personality, if not by its name.
    nickname: Mapped[str | None] = mapped_column(default=None)
    scenario: Mapped[str | None] = mapped_column(default=None)
    system_prompt_override: Mapped[str | None] = mapped_column(default=None)
    post_history_instructions: Mapped[str | None] = mapped_column(default=None)
    # A message in the history, so many messages before its end.
    depth_note: Mapped[str | None] = mapped_column(default=None)
    depth_note_depth: Mapped[int] = mapped_column(Integer, default=4, server_default="4")
    depth_note_role: Mapped[str] = mapped_column(
        default=NoteRole.SYSTEM, server_default=NoteRole.SYSTEM
    )
    # For whoever maintains it; in no prompt.
    creator_notes: Mapped[str | None] = mapped_column(default=None)
    character_version: Mapped[str | None] = mapped_column(default=None)
    # Of a copy: what it was copied from, and by whom that is.
    origin: Mapped[str | None] = mapped_column(default=None)
    custom_fields: Mapped[dict[str, Any] | None] = mapped_column(default=None)

    voice_enabled: Mapped[bool] = mapped_column(default=False, server_default="false")
    voice_settings: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    # Whether people other than its owners may read the definition.
    definition_shown: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Whether others may copy it while it is public.
    copy_allowed: Mapped[bool] = mapped_column(default=False, server_default="false")
    image_enabled: Mapped[bool] = mapped_column(default=False, server_default="false")
    image_settings: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    memory_enabled: Mapped[bool] = mapped_column(default=True, server_default="true")
    streams_answers: Mapped[bool] = mapped_column(default=True, server_default="true")
    # The language that it answers in; "" leaves that to the model.
    language: Mapped[str] = mapped_column(default="", server_default="")
    # Whether it may answer with a reaction, or not at all.
    may_react: Mapped[bool] = mapped_column(default=False, server_default="false")
    context_window_size: Mapped[int] = mapped_column(Integer, default=20, server_default="20")
    # Names of the tools that it may use; None are the usual ones.
    tools: Mapped[list[str] | None] = mapped_column(JSONB, default=None)

    # The published properties. A trigger prevents changes while the personality is public.
    public_version: Mapped[int | None] = mapped_column(Integer, default=None)
    public_name: Mapped[str | None] = mapped_column(default=None)
    public_age: Mapped[int] = mapped_column(Integer, default=-1, server_default="-1")
    age_bucket: Mapped[str] = mapped_column(
        default=AgeBucket.UNKNOWN, server_default=AgeBucket.UNKNOWN
    )
    nsfw_rating: Mapped[str | None] = mapped_column(default=None)
    gender: Mapped[str | None] = mapped_column(default=None)
    headline: Mapped[str | None] = mapped_column(default=None)
    published_at: Mapped[datetime | None] = mapped_column(default=None)
    likes_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    last_publish_attempt: Mapped[dict[str, Any] | None] = mapped_column(default=None)

    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class PersonalityVersion(Base, kw_only=True):
    """A version of a definition. Kept for ever, so that replies can be traced back to it.

    Its makers may give it a name, `label`.
    """

    __tablename__ = "personality_versions"

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    definition: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    label: Mapped[str | None] = mapped_column(default=None)
    editor_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=None, index=True
    )


class PersonalityOwner(Base, kw_only=True):
    """An owner of a personality, who may change it."""

    __tablename__ = "personality_owners"

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(default="owner", server_default="owner")
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class PersonalityAlias(Keyed, Base, kw_only=True):
    """An additional name of a personality."""

    __tablename__ = "personality_aliases"
    __table_args__ = (
        Index("uq_personality_aliases_alias", "personality_id", text("lower(alias)"), unique=True),
        Index("ix_personality_aliases_alias", text("lower(alias)")),
        CheckConstraint("char_length(alias) BETWEEN 1 AND 80", name="alias_length"),
    )

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), index=True
    )
    alias: Mapped[str]


class PersonalityCard(Base, kw_only=True):
    """The character card that a personality was imported from, byte for byte.

    `file` is what the document was read from, unless that was plain text.
    """

    __tablename__ = "personality_cards"

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True
    )
    document: Mapped[str]
    file: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
