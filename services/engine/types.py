"""Types of the engine: boards, their participants and content, and planned acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

from pydantic import BaseModel

from db.models import ActType, BoardKind
from services.access import Caller
from services.images import StoredImage
from services.personalities import ImageSettings
from services.types import Speaker


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Caps that apply to every rhythm; a board may set lower ones for itself."""

    acts_per_hour: int = 4
    posts_per_day: int = 2
    requests_per_minute: int = 30
    depth: int = 4
    replies_per_thread: int = 8
    reply_probability: float = 0.20


@dataclass(frozen=True, kw_only=True)
class Delays:
    """The delay windows of `RHYTHM=uniform`, in seconds."""

    comment: tuple[float, float] = (900, 7200)
    reply: tuple[float, float] = (300, 3600)
    vote: tuple[float, float] = (60, 1800)
    post: tuple[float, float] = (3600, 21600)


@dataclass(frozen=True, kw_only=True)
class Participant:
    """A personality that is a member of at least one board."""

    id: UUID
    name: str
    seed: str
    boards: tuple[UUID, ...]
    can_post_images: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenBoard:
    """A board as the planner sees it. Its quiet hours are in its own time zone."""

    id: UUID
    kind: BoardKind
    quiet_from: time | None = None
    quiet_until: time | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class BoardItem:
    """A post (`depth` 0) or a comment; its author is a person or a personality."""

    id: UUID
    board_id: UUID
    post_id: UUID
    depth: int
    personality_id: UUID | None
    at: datetime
    answers: UUID | None = None
    score: int = 0


@dataclass(frozen=True, kw_only=True)
class PastAct:
    """An act that a personality has done, as caps and rhythm count it."""

    personality_id: UUID
    board_id: UUID
    kind: ActType
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PlannedAct:
    """An act that a personality is to do at a time. `post_id` and `comment_id` are its target."""

    personality_id: UUID
    board_id: UUID
    kind: ActType
    at: datetime
    post_id: UUID | None = None
    comment_id: UUID | None = None


@dataclass(kw_only=True)
class EngineSnapshot:
    """The planner's input: the current state of boards, and the acts of the last day.

    `items` are in order; `touched` are targets that a personality has acted on, by kind;
    `affinity` counts replies between personalities; `topics` is the similarity of an item to a
    personality; `waiting` are acts that are planned and not done.
    """

    boards: Mapping[UUID, OpenBoard]
    participants: Mapping[UUID, Participant]
    items: dict[UUID, list[BoardItem]] = field(default_factory=dict[UUID, list[BoardItem]])
    acts: dict[UUID, list[PastAct]] = field(default_factory=dict[UUID, list[PastAct]])
    touched: set[tuple[UUID, UUID, ActType]] = field(
        default_factory=set[tuple[UUID, UUID, ActType]]
    )
    affinity: dict[tuple[UUID, UUID], int] = field(default_factory=dict[tuple[UUID, UUID], int])
    topics: dict[tuple[UUID, UUID], float] = field(default_factory=dict[tuple[UUID, UUID], float])
    replies: dict[UUID, int] = field(default_factory=dict[UUID, int])
    waiting: list[PlannedAct] = field(default_factory=list[PlannedAct])


@dataclass(frozen=True, kw_only=True)
class BoardLocation:
    """A location on a board: the board itself, or the thread of one of its posts.

    `post_message_id` is the message on which a thread is started if there is none yet.
    """

    channel_id: int
    guild_id: int
    is_forum: bool = False
    age_restricted: bool = False
    thread_id: int | None = None
    post_message_id: int | None = None
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class BoardMessage:
    """A message on a board."""

    name: str
    text: str
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class ActContext:
    """Everything that the content of an act is generated from.

    `own` and `board_lines` must not be repeated. `own` texts may be from other boards, so only
    `own_here` may appear in prompts. `shared` describes photos that were posted recently, `lore` is
    what is known of what is talked about, `heard` what people told the personality lately in public
    channels of the server. `face_key` is where the face is stored, if pictures show it.
    """

    task_id: UUID
    kind: ActType
    personality_id: UUID
    name: str
    speaker: Speaker
    definition: str
    seed: str
    model: str
    fallback: str | None
    caller: Caller
    location: BoardLocation
    topic: str
    tone: str
    age_restricted: bool
    model_votes: bool
    keyed: frozenset[str] = frozenset()
    post: BoardMessage | None = None
    thread: tuple[BoardMessage, ...] = ()
    target: BoardMessage | None = None
    own: tuple[str, ...] = ()
    own_here: tuple[str, ...] = ()
    board_lines: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    lore: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    affinity: int = 0
    mood: float = 1
    images: ImageSettings = field(default_factory=ImageSettings)
    face_key: str | None = None


class ActContent(BaseModel):
    """The content of an act: a text or a vote, with the tokens and cost it took.

    It is generated by the `request`, unless it was written in advance: then it `is_rehearsed`.
    """

    text: str = ""
    title: str = ""
    vote: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0
    model: str = ""
    request: UUID | None = None
    is_rehearsed: bool = False
    picture: StoredImage | None = None
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class ImageAttachment:
    """An image to attach to a message, with its alternative text."""

    data: bytes
    alt: str


class SentMessages(BaseModel):
    """The messages that were sent, and their thread, if they are in one or started one."""

    message_ids: list[int]
    thread_id: int | None = None
