"""A conversation in the chat service's own words."""

from dataclasses import dataclass, field
from datetime import datetime

from db.models import Personality
from services.memory import Channel


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file of a message, not read yet."""

    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True, kw_only=True)
class IncomingMessage:
    """A message of a person, or of a proxy that speaks for one.

    `mentions` maps Discord ids in the text to names. `reply_to` is the message it answers.
    """

    message_id: int
    place: Channel
    author_id: int
    author_name: str
    content: str
    created_at: datetime
    attachments: tuple[Attachment, ...] = ()
    mentions: dict[int, str] = field(default_factory=dict[int, str])
    reply_to: int | None = None
    mentions_bot: bool = False


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """How a personality shows itself."""

    name: str
    avatar_url: str | None = None


def speaker_of(personality: Personality) -> Speaker:
    """Return how a personality shows itself."""
    return Speaker(
        name=personality.display_name or personality.name, avatar_url=personality.avatar_url
    )
