"""Fakes of the ports of services."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from typing_extensions import override

from db.session import Sessions
from services.access import AccessRefused
from services.chat.ports import ChatAdapter, Draft, Page
from services.clock import Clock
from services.faces import (
    FaceChooser,
    FaceHost,
    FaceHostFull,
    FaceHosting,
    HostedFace,
    NoFaceHost,
)
from services.llm import LanguageModels
from services.media import MAX_BYTES, FolderStore
from services.message_parts import MessagePart
from services.notifications import Notice, Notifier, ReplyAddress
from services.personalities import NamedPersonality
from services.speech import (
    Recording,
    Speech,
    SpeechModel,
    SpeechModels,
    SpeechRequest,
    TranscriptionModel,
    TranscriptionRequest,
)
from services.types import Actor, Attachment, Channel, ChannelSnapshot, IncomingMessage, Speaker
from services.voice import VoiceAdapter, VoiceService


@dataclass(eq=False)
class HandClock(Clock):
    """A clock that the test moves forward."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @override
    def now(self) -> datetime:
        return self.at

    @override
    def real_duration(self, span: timedelta) -> timedelta:
        return max(span, timedelta(0))

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(eq=False)
class FakeChatAdapter(ChatAdapter):
    """A chat adapter that records its calls. `files` are the readable attachments by URL."""

    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    earlier: list[IncomingMessage] = field(default_factory=list[IncomingMessage])
    sent: list[tuple[Speaker, str]] = field(default_factory=list[tuple[Speaker, str]])
    errors: list[Exception] = field(default_factory=list[Exception])
    crisis_messages: list[IncomingMessage] = field(default_factory=list[IncomingMessage])
    deleted: list[int] = field(default_factory=list[int])
    fetched: list[str] = field(default_factory=list[str])

    @override
    async def send(
        self,
        channel: Channel,
        speaker: Speaker,
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        self.sent.append((speaker, text))
        return [len(self.sent)]

    @override
    async def edit(
        self,
        channel: Channel,
        speaker: Speaker,
        message_ids: list[int],
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        self.sent.append((speaker, text))
        return message_ids

    @override
    async def draft(self, channel: Channel, *, line_id: UUID) -> Draft | None:
        return None

    @override
    async def remove_draft(
        self, channel_id: int, message_ids: Sequence[int], *, line_id: UUID, after: int
    ) -> None:
        self.deleted += message_ids

    @override
    async def delete(self, channel: Channel, message_ids: list[int]) -> None:
        self.deleted += message_ids

    @override
    async def send_error(self, message: IncomingMessage, error: Exception) -> None:
        self.errors.append(error)

    @override
    async def send_refusal(
        self, message: IncomingMessage, error: AccessRefused, *, in_words: bool
    ) -> None:
        self.errors.append(error)

    @override
    async def react(self, message: IncomingMessage, emoji: str) -> None:
        """Nobody sees it."""

    @override
    async def ask_which(
        self, message: IncomingMessage, candidates: Sequence[NamedPersonality]
    ) -> None:
        raise AssertionError("no two have one name")

    @override
    async def send_crisis_resources(self, message: IncomingMessage) -> None:
        self.crisis_messages.append(message)

    @override
    def typing(self, channel: Channel) -> AbstractAsyncContextManager[None]:
        return _typing()

    @override
    async def history(
        self, channel: Channel, *, after: int | None, before: int, limit: int
    ) -> list[IncomingMessage]:
        between = [each for each in self.earlier if (after or 0) < each.message_id < before]
        return between[-limit:]

    @override
    async def namesakes(self, channel: Channel, name: str) -> frozenset[int]:
        return frozenset()

    @override
    async def is_blocked(self, channel: Channel, text: str) -> bool:
        return False

    @override
    def reads_automod(self, guild_id: int) -> bool:
        return True

    @override
    async def snapshot(self, channel: Channel, *, after: int, limit: int) -> ChannelSnapshot | None:
        return None

    @override
    async def message(self, channel_id: int, message_id: int) -> IncomingMessage | None:
        return next((each for each in self.earlier if each.message_id == message_id), None)

    @override
    async def read_references(self, message: IncomingMessage) -> Sequence[MessagePart]:
        return ()

    @override
    async def pins(
        self, channel: Channel, actor: Actor, name: str, *, limit: int
    ) -> Sequence[IncomingMessage] | None:
        return None

    @override
    def reactions(self, message_ids: Sequence[int]) -> Mapping[str, int]:
        return {}

    @override
    async def read(self, attachment: Attachment, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        if attachment.size > max_bytes:
            return None
        self.fetched.append(attachment.url)
        return self.files.get(attachment.url)


@asynccontextmanager
async def _typing() -> AsyncGenerator[None]:
    yield


def configure_nothing(level: str, log_format: str) -> None:
    """Leave the logging of the tests as it is."""


class Notices(Notifier):
    """Records who is told what."""

    def __init__(self) -> None:
        self.dms: list[tuple[int, Notice]] = []
        self.told = asyncio.Event()

    @override
    async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
        raise AssertionError("nobody has asked")

    @override
    async def send_dm(self, discord_id: int, notice: Notice) -> bool:
        self.dms.append((discord_id, notice))
        self.told.set()
        return True


class FakeFaceHost(FaceHost):
    """Shows so many faces at addresses of its own."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.pictures: dict[int, bytes] = {}
        self._ids = itertools.count(1)

    @override
    async def publish(self, name: str, picture: bytes) -> HostedFace:
        if not self.room:
            raise NoFaceHost
        if len(self.pictures) >= self.room:
            raise FaceHostFull
        emoji_id = next(self._ids)
        self.pictures[emoji_id] = picture
        return HostedFace(f"https://cdn.example/emojis/{emoji_id}.png", emoji_id)

    @override
    async def list_all(self) -> Sequence[int]:
        return [*self.pictures]

    @override
    async def remove(self, emoji_id: int) -> None:
        self.pictures.pop(emoji_id, None)


class FakeVoiceAdapter(VoiceAdapter):
    """Has no files, and remembers what is shown."""

    def __init__(self) -> None:
        self.quotes: list[str] = []

    @override
    async def read(self, attachment: Attachment, *, max_bytes: int) -> bytes | None:
        return None

    @override
    async def quote(self, message: IncomingMessage, text: str) -> None:
        self.quotes.append(text)

    @override
    async def remove_quotes(self, message_ids: Sequence[int]) -> None:
        """Nothing is shown."""

    @override
    async def attach(
        self, channel_id: int, message_ids: Sequence[int], speech: Speech, *, name: str
    ) -> None:
        raise AssertionError(name)

    @override
    async def delete(self, channel_id: int, message_id: int) -> None:
        """Nothing is shown."""

    @override
    async def send_voice_message(
        self,
        channel_id: int,
        message_ids: Sequence[int],
        speech: Speech,
        *,
        name: str,
        nonce: str,
    ) -> int | None:
        raise AssertionError(name)


class FakeTranscription(TranscriptionModel):
    """Hears the same words in every recording."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    @override
    def name(self) -> str:
        return "fake/ears"

    @property
    @override
    def usd_per_minute(self) -> float:
        return 0.006

    @override
    async def transcribe(self, recording: Recording, request: TranscriptionRequest) -> str:
        return self.text

    @override
    async def close(self) -> None:
        """Nothing is open."""


class FakeSpeechModel(SpeechModel):
    """Speaks the same sound whatever is said."""

    @property
    @override
    def name(self) -> str:
        return "fake/voice"

    @property
    @override
    def voices(self) -> Sequence[str]:
        return ("calm",)

    @property
    @override
    def usd_per_1000_characters(self) -> float:
        return 0.015

    @override
    async def speak(self, request: SpeechRequest) -> bytes:
        return b"OggS" + request.text.encode()

    @override
    async def close(self) -> None:
        """Nothing is open."""


def no_voice(sessions: Sessions, models: LanguageModels) -> VoiceService:
    """Return the hearing of voice messages where no model hears or speaks."""
    speech = SpeechModels(models.ledger, models.background)
    return VoiceService(sessions, speech, FakeVoiceAdapter())


def no_faces(sessions: Sessions) -> FaceChooser:
    """Return the choice among faces where nobody has any."""
    store = FolderStore(Path("no-such-folder"), base_url="http://127.0.0.1")
    return FaceChooser(sessions, store, FaceHosting(sessions, store, FakeFaceHost()))
