"""Each part of a message × each venue × what its sender may read: what the model is shown."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from simcord.backend.models.message import MessageSticker, Poll, PollAnswer
from simcord.builders import ChannelHandle

from services.llm import LanguageModels
from services.speech import SpeechModels
from services.types import Channel, Venue
from tests.cogs.concurrent import actor, open_thread, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.test_memory import private_channel
from tests.cogs.test_message_links import NOT_SHOWN, link
from tests.cogs.test_message_parts import asked
from tests.fakes import FakeTranscription
from tests.services.document_files import pdf
from tests.services.photo_files import photo
from tests.services.recordings import tone

SECRET = "The canary sings at five."
Send: TypeAlias = Callable[[House, ChannelHandle], Awaitable[None]]
VENUES = ("channel", "thread", "dm", "private channel")


@pytest.fixture
def speech(models: LanguageModels) -> SpeechModels:
    transcription = FakeTranscription("Heard words.")
    return SpeechModels(models.ledger, models.background, transcription=transcription)


async def place(house: House, venue: str) -> ChannelHandle:
    """Return a place in which Mirela answers everything that Alice says."""
    await house.alice.slash(house.lobby, "chat with", personality="Mirela")
    if venue == "dm":
        return house.alice.user.dm_channel
    is_private = venue == "private channel"
    channel = private_channel(house, "backstage") if is_private else house.lobby
    somewhere = Channel(
        channel_id=channel.id,
        guild_id=house.guild.id,
        venue=Venue.PRIVATE if is_private else Venue.PUBLIC,
    )
    moderator = actor(house.moderator, moderates=True)
    mirela = await house.services.personalities.find_anywhere(moderator, "Mirela")
    await house.services.channels.activate(moderator, somewhere, mirela)
    return open_thread(house, channel) if venue == "thread" else channel


def created(content: str = "", **parts: Any) -> Send:
    """Send a message with parts that the simulated client cannot type."""

    async def send(house: House, channel: ChannelHandle) -> None:
        house.env.backend.create_message(channel.id, house.alice.id, content, **parts)
        await house.env.settle()

    return send


def attached(name: str, data: bytes) -> Send:
    async def send(house: House, channel: ChannelHandle) -> None:
        files = house.env.backend.store_attachments(channel.id, [(name, data)])
        await created(attachments=files)(house, channel)

    return send


async def reply(house: House, channel: ChannelHandle) -> None:
    reference = {"channel_id": str(channel.id), "message_id": str(channel.history()[-1].id)}
    normalized = house.env.backend.normalize_message_reference(channel.id, reference)
    await created("is it?", reference=normalized)(house, channel)


async def forward(house: House, channel: ChannelHandle) -> None:
    source = await house.bob.send(house.guild.create_text_channel("news"), SECRET)
    await house.alice.forward(source, channel)


async def readable_link(house: House, channel: ChannelHandle) -> None:
    news = house.guild.create_text_channel("news")
    said = await house.bob.send(news, SECRET)
    await created(f"look: {link(house, news, said)}")(house, channel)


async def unreadable_link(house: House, channel: ChannelHandle) -> None:
    staff = private_channel(house, "staff", house.moderator)
    said = await house.moderator.send(staff, SECRET)
    await created(f"look: {link(house, staff, said)}")(house, channel)


STICKER = MessageSticker(id=1, name="Gull", format_type=1, guild_id=1)
POLL = Poll(
    question="Tea or rum?",
    answers=[PollAnswer(1, "Tea"), PollAnswer(2, "Rum")],
    expiry="2099-01-01T00:00:00+00:00",
)
CARD = {"title": "Tide tables", "description": "High at six."}
PARTS: dict[str, tuple[Send, str]] = {
    "text": (created("Good evening."), "alice: Good evening."),
    "reply": (reply, "Aye.⟧\nis it?"),
    "forward": (forward, f"⟦forwards: {SECRET}⟧"),
    "sticker": (created(stickers=[STICKER]), "⟦sticker: Gull⟧"),
    "poll": (created(poll=POLL), "⟦open poll: Tea or rum? — Tea (0) · Rum (0)⟧"),
    "embed": (created("look", embeds=[CARD]), "look\n⟦preview: Tide tables: High at six.⟧"),
    "picture": (attached("cat.png", photo(1, "PNG")), "⟦cat.png shows: Aye.⟧"),
    "text file": (attached("a.txt", b"Line one."), "⟦file a.txt⟧\nLine one.\n⟦end of a.txt⟧"),
    "document": (attached("a.pdf", pdf("Page one.")), "Page one."),
    "voice message": (attached("v.ogg", tone(3)), "⟦a voice message of 3 seconds⟧ Heard words."),
    "other file": (attached("a.bin", b"\0\1"), "⟦attached: a.bin⟧"),
}


@pytest.mark.parametrize("venue", VENUES)
async def test_every_part_reaches_the_model_in_every_venue(house: House, venue: str) -> None:
    channel = await place(house, venue)
    await created("hello")(house, channel)

    shown: dict[str, bool] = {}
    for name, (send, expected) in PARTS.items():
        pass_debounce(house)
        await send(house, channel)
        shown[name] = expected in asked(house)

    assert [name for name, is_shown in shown.items() if not is_shown] == []


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("send", "is_readable"), [(readable_link, True), (unreadable_link, False)])
async def test_a_link_opens_with_the_rights_of_its_sender_in_every_venue(
    house: House,
    venue: str,
    send: Send,
    is_readable: bool,  # noqa: FBT001
) -> None:
    channel = await place(house, venue)

    await send(house, channel)

    # In a DM nothing of a server is opened.
    is_opened = is_readable and venue != "dm"
    assert (SECRET in asked(house)) is is_opened
    assert (NOT_SHOWN in asked(house)) is not is_opened
