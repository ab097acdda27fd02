"""What was said in channels since the history of them was last written."""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.models import ConversationLine, Role
from services.llm import estimate
from services.types import IncomingMessage

_CHANNELS = 2000
_LINES = 60


@dataclass(eq=False)
class PendingLine:
    """A line that is not in the history: not yet, or never where it was said incognito."""

    line: ConversationLine
    is_incognito: bool = False


class RecentMessages:
    """Lines heard in channels where a personality has spoken since the process started.

    Nothing here must survive: after a restart the channel itself is asked.
    """

    def __init__(self) -> None:
        self._channels: OrderedDict[int, deque[PendingLine]] = OrderedDict()

    def is_tracking(self, channel_id: int) -> bool:
        """Whether nothing said in a channel since its last line in the history was missed."""
        return channel_id in self._channels

    def track(self, channel_id: int, lines: Iterable[PendingLine]) -> None:
        """Listen to a channel from now on; `lines` is what was missed."""
        self._channels[channel_id] = deque(lines, maxlen=_LINES)
        while len(self._channels) > _CHANNELS:
            self._channels.popitem(last=False)

    def add(self, channel_id: int, *lines: PendingLine) -> None:
        """Remember what was just said, in channels we listen to."""
        if channel_id in self._channels:
            self._channels[channel_id].extend(lines)

    def lines(self, channel_id: int) -> list[PendingLine]:
        """Return what is not in the history, in order."""
        return list(self._channels.get(channel_id, ()))

    def discard(self, channel_id: int, lines: Sequence[PendingLine]) -> None:
        """Forget lines that are in the history now."""
        if channel_id in self._channels:
            kept = [line for line in self._channels[channel_id] if line not in lines]
            self._channels[channel_id] = deque(kept, maxlen=_LINES)

    def forget(self, message_ids: Iterable[int]) -> None:
        """Forget messages that are gone from Discord."""
        gone = set(message_ids)
        self._retain(lambda line: gone.isdisjoint(line.discord_message_ids))

    def forget_people(self, people: Collection[int]) -> None:
        """Forget what these people said."""
        if people:
            self._retain(lambda line: line.speaker_id not in people)

    def apply_edit(self, message_id: int, content: str) -> None:
        """Follow the edit of a message that is a line of its own."""
        for lines in self._channels.values():
            for each in lines:
                if each.line.discord_message_ids == [message_id]:
                    each.line.content, each.line.token_count = content, estimate(content)

    def _retain(self, fits: Callable[[ConversationLine], bool]) -> None:
        for channel_id, lines in self._channels.items():
            kept = [each for each in lines if fits(each.line)]
            if len(kept) < len(lines):
                self._channels[channel_id] = deque(kept, maxlen=_LINES)


def to_line(
    heard: IncomingMessage,
    text: str,
    *,
    message_ids: Sequence[int] = (),
    speaker_name: str | None = None,
    user_id: UUID | None = None,
    persona_id: UUID | None = None,
    personality_id: UUID | None = None,
) -> ConversationLine:
    """Return the line that a message is in the history."""
    return ConversationLine(
        channel_id=heard.channel.channel_id,
        position=0,
        guild_id=heard.channel.guild_id,
        role=Role.USER,
        personality_id=personality_id,
        user_id=user_id,
        persona_id=persona_id,
        speaker_id=heard.author_id,
        speaker_name=speaker_name or heard.author_name,
        content=text,
        token_count=estimate(text),
        discord_message_ids=list(message_ids) or [heard.message_id],
    )
