"""Messages in channels that are not in the stored history yet."""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from db.models import ConversationLine, Role
from services.llm import estimate
from services.types import IncomingMessage

_MAX_CHANNELS = 2000
_MAX_LINES = 60
_DISCORD_EPOCH_MS = 1_420_070_400_000


@dataclass(eq=False)
class PendingLine:
    """A line that is not in the history yet, or never will be because it is incognito.

    `author_id` is the person who said it, or who was answered.
    """

    line: ConversationLine
    is_incognito: bool = False
    author_id: int | None = None

    @property
    def message_ids(self) -> Sequence[int]:
        """Return the messages that it has the text of."""
        return self.line.discord_message_ids

    @property
    def speaker_id(self) -> int | None:
        """Return the person who said it; None of an answer."""
        return self.line.speaker_id

    @property
    def guild_id(self) -> int | None:
        """Return the server where it was said."""
        return self.line.guild_id


@dataclass(eq=False)
class OverheardMessage:
    """A message that calls nobody, of which is not known yet whether it may be kept.

    `read` converts it, once somebody needs it.
    """

    message_id: int
    guild_id: int
    author_id: int
    read: Callable[[], IncomingMessage]

    @property
    def message_ids(self) -> Sequence[int]:
        """Return the message."""
        return (self.message_id,)

    @property
    def speaker_id(self) -> int:
        """Return the person who said it."""
        return self.author_id


class RecentMessages:
    """Pending lines of channels where a personality has spoken since the process started.

    Nothing needs to survive a restart: missed messages are fetched from the channel then. What was
    overheard becomes a line once it is known whether it may be kept.
    """

    def __init__(self) -> None:
        self._channels: OrderedDict[int, deque[PendingLine | OverheardMessage]] = OrderedDict()

    def is_tracking(self, channel_id: int) -> bool:
        """Whether all messages of a channel since its last history line are known."""
        return channel_id in self._channels

    def track(self, channel_id: int, lines: Iterable[PendingLine]) -> None:
        """Track a channel from now on; `lines` are those missed so far."""
        self._channels[channel_id] = deque(lines, maxlen=_MAX_LINES)
        while len(self._channels) > _MAX_CHANNELS:
            self._channels.popitem(last=False)

    def add(self, channel_id: int, *lines: PendingLine | OverheardMessage) -> None:
        """Add lines to a channel, if it is tracked."""
        if channel_id in self._channels:
            self._channels[channel_id].extend(lines)

    def lines(self, channel_id: int) -> list[PendingLine]:
        """Return the pending lines of a channel, in order."""
        entries = self._channels.get(channel_id, ())
        return [each for each in entries if isinstance(each, PendingLine)]

    def overheard(self, channel_id: int) -> list[OverheardMessage]:
        """Return what was overheard in a channel, in order."""
        entries = self._channels.get(channel_id, ())
        return [each for each in entries if isinstance(each, OverheardMessage)]

    def settle(
        self, channel_id: int, lines: Mapping[OverheardMessage | PendingLine, PendingLine | None]
    ) -> None:
        """Replace what was overheard in a channel by its lines, or drop it without one."""
        entries = self._channels.get(channel_id, deque[PendingLine | OverheardMessage]())
        settled = (lines.get(each, each) for each in entries)
        self._replace(channel_id, [each for each in settled if each is not None])

    def discard(self, channel_id: int, lines: Sequence[PendingLine]) -> None:
        """Drop lines that are in the history now."""
        if channel_id in self._channels:
            entries = self._channels[channel_id]
            self._replace(channel_id, [each for each in entries if each not in lines])

    def forget(self, message_ids: Iterable[int]) -> None:
        """Drop messages that were deleted on Discord."""
        deleted = set(message_ids)
        self._retain(lambda each: deleted.isdisjoint(each.message_ids))

    def forget_people(self, people: Collection[int]) -> None:
        """Drop the lines of these people."""
        if people:
            self._retain(lambda each: each.speaker_id not in people)

    def forget_server(self, guild_id: int) -> None:
        """Drop the lines of a server."""
        self._retain(lambda each: each.guild_id != guild_id)

    def forget_before(self, times: Mapping[int, datetime]) -> None:
        """Drop what these people have said before a time, and the answers to them."""
        self._retain(lambda each: not _is_before(each, times))

    def apply_edit(self, message: IncomingMessage, content: str) -> None:
        """Apply the edit of a message; `content` is what is kept of it."""
        for each in self._channels.get(message.channel.channel_id, ()):
            if message.message_id not in each.message_ids:
                continue
            if isinstance(each, OverheardMessage):
                each.read = lambda: message
            else:
                edit_line(each.line, message.message_id, content)

    def _retain(self, predicate: Callable[[PendingLine | OverheardMessage], bool]) -> None:
        for channel_id, entries in self._channels.items():
            remaining = [each for each in entries if predicate(each)]
            if len(remaining) < len(entries):
                self._replace(channel_id, remaining)

    def _replace(self, channel_id: int, entries: Sequence[PendingLine | OverheardMessage]) -> None:
        self._channels[channel_id] = deque(entries, maxlen=_MAX_LINES)


def _is_before(pending: PendingLine | OverheardMessage, times: Mapping[int, datetime]) -> bool:
    at = times.get(pending.speaker_id or pending.author_id or 0)
    return at is not None and _time_of(min(pending.message_ids, default=0)) <= at


def _time_of(message_id: int) -> datetime:
    """Return when a message was sent: the upper bits of a snowflake are milliseconds."""
    return datetime.fromtimestamp(((message_id >> 22) + _DISCORD_EPOCH_MS) / 1000, UTC)


def edit_line(line: ConversationLine, message_id: int, content: str) -> bool:
    """Apply the edit of a message to its line; return False if it is not known which part it is."""
    if line.discord_message_ids == [message_id]:
        line.content = content
    elif line.parts and str(message_id) in line.parts:
        parts = line.parts = {**line.parts, str(message_id): content}
        texts = (parts.get(str(each), "") for each in line.discord_message_ids)
        line.content = "\n".join(text for text in texts if text)
    else:
        return False
    line.token_count = estimate(line.content)
    return True


def copy_line(line: ConversationLine, position: int) -> ConversationLine:
    """Return a copy of a line at a position, to be read only."""
    return ConversationLine(
        channel_id=line.channel_id,
        guild_id=line.guild_id,
        position=position,
        role=line.role,
        personality_id=line.personality_id,
        speaker_id=line.speaker_id,
        speaker_name=line.speaker_name,
        content=line.content,
        token_count=line.token_count,
    )


def to_line(
    message: IncomingMessage,
    text: str,
    *,
    parts: Mapping[int, str] | None = None,
    speaker_name: str | None = None,
    user_id: UUID | None = None,
    persona_id: UUID | None = None,
    personality_id: UUID | None = None,
) -> ConversationLine:
    """Return the history line of a message, or of several with the text of each as `parts`."""
    return ConversationLine(
        channel_id=message.channel.channel_id,
        position=0,
        guild_id=message.channel.guild_id,
        role=Role.USER,
        personality_id=personality_id,
        user_id=user_id,
        persona_id=persona_id,
        speaker_id=message.author_id,
        speaker_name=speaker_name or message.author_name,
        content=text,
        token_count=estimate(text),
        discord_message_ids=list(parts or (message.message_id,)),
        parts={str(id_): text for id_, text in parts.items()} if parts and len(parts) > 1 else None,
    )
