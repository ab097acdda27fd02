"""Types that every feature uses: actors, channels and messages."""

from dataclasses import dataclass, field
from datetime import datetime

from db.models import Personality, Venue
from services.message_parts import Attachment, MessagePart
from services.texts import is_blank


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person who acts, with their permissions in the channel where they act.

    `moderates` is Manage Messages in the channel, `moderates_server` in the whole server. Services
    check them; Discord's UI only hides commands. `account_id` is the account of a member that a
    proxy bot speaks for, `role_ids` are their roles in the server. `locale` is the language of
    their Discord, where it is known.
    """

    discord_id: int
    name: str
    account_id: int | None = None
    is_bot_owner: bool = False
    moderates: bool = False
    moderates_server: bool = False
    manages_server: bool = False
    role_ids: frozenset[int] = frozenset()
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A Discord channel. `guild_id` is None in a DM.

    `parent_id` is the channel of a thread. A thread has `age_restricted` from its parent. `locale`
    is the language of the server, if its moderators have chosen one.
    """

    channel_id: int
    guild_id: int | None
    venue: Venue
    parent_id: int | None = None
    age_restricted: bool = False
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class IncomingMessage:
    """A message of a person, or of a proxy bot that speaks for one.

    `mentions` maps Discord ids in the text to names. `reply_to` is the id of the answered message,
    `parts` are what it is made of beside text and attachments.
    The author of a proxied message is the member, with a negative id, and `account_id` the account
    of the member, if it is known. Of a proxied message the roles are not known. `edited_at` is the
    time of the last edit.
    """

    message_id: int
    channel: Channel
    author_id: int
    author_name: str
    content: str
    created_at: datetime
    attachments: tuple[Attachment, ...] = ()
    parts: tuple[MessagePart, ...] = ()
    mentions: dict[int, str] = field(default_factory=dict[int, str])
    reply_to: int | None = None
    mentions_bot: bool = False
    account_id: int | None = None
    role_ids: frozenset[int] = frozenset()
    moderates: bool = False
    edited_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that anybody could understand."""
        return is_blank(self.content) and not (self.attachments or self.parts)

    @property
    def people(self) -> frozenset[int]:
        """Return the ids of its author, and of those whom it mentions or whose words it repeats."""
        quoted = {part.author_id for part in self.parts if part.author_id is not None}
        in_parts = {discord_id for part in self.parts for discord_id in part.mentions}
        return self.author_ids | self.mentions.keys() | quoted | in_parts

    @property
    def author(self) -> Actor:
        """Return the author with their permissions in the channel."""
        return Actor(
            discord_id=self.author_id,
            name=self.author_name,
            account_id=self.account_id,
            moderates=self.moderates,
            role_ids=self.role_ids,
        )

    @property
    def account(self) -> int:
        """Return the author's account; of a proxied member whose account is unknown, the member."""
        return self.account_id or self.author_id

    @property
    def author_ids(self) -> frozenset[int]:
        """Return the author's id, and their account's: what holds for one holds for the other."""
        return frozenset({self.author_id, self.account_id or self.author_id})


@dataclass(frozen=True, kw_only=True)
class ChannelSnapshot:
    """The newest messages of a channel, all since `first_id`, and those of people as edited."""

    first_id: int
    message_ids: frozenset[int]
    edited: tuple[IncomingMessage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """The name and avatar that a personality speaks with."""

    name: str
    avatar_url: str | None = None


def speaker_of(personality: Personality) -> Speaker:
    """Return the name and avatar that a personality speaks with."""
    return Speaker(
        name=personality.display_name or personality.name, avatar_url=personality.avatar_url
    )
