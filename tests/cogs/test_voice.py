"""Voice messages are heard, answers are spoken."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from simcord.actors import MemberActor
from sqlalchemy import select

from db.models import ConversationLine, LlmCall
from db.session import Sessions
from services.llm import LanguageModels
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.speech import SpeechModels
from services.speech.openai_compatible import OpenAISpeech, OpenAITranscription
from tests.cogs.concurrent import answers, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.test_message_parts import asked
from tests.services.recordings import tone
from tests.vendors.openai_audio import AudioStandIn

THREE_SECONDS = tone(3)


@pytest.fixture
async def audio() -> AsyncGenerator[AudioStandIn]:
    async with AudioStandIn().running() as stand_in:
        yield stand_in
    assert stand_in.complaints == []


@pytest.fixture
async def speech(models: LanguageModels, audio: AudioStandIn) -> AsyncGenerator[SpeechModels]:
    """Models that hear and speak, of a vendor."""

    def client() -> OpenAICompatible:
        return OpenAICompatible("audio", api_key="x", base_url=audio.url, dialect=Dialect())

    speech = SpeechModels(
        models.ledger,
        models.background,
        transcription=OpenAITranscription(client(), "audio", "whisper", usd_per_minute=0.006),
        speech={
            "audio": OpenAISpeech(
                client(), "audio", "tts", voice="alloy", usd_per_1000_characters=0.015
            )
        },
    )
    yield speech
    await speech.close()


async def say(
    house: House, text: str = "@Mirela", *, who: MemberActor | None = None, **options: Any
) -> None:
    """Send a recording, in a message that calls Mirela."""
    pass_debounce(house)
    recording = options.pop("recording", THREE_SECONDS)
    name = options.pop("name", "voice-message.ogg")
    await (who or house.alice).send(house.lobby, text, attachments=[(name, recording)], **options)


async def test_what_is_said_in_a_voice_message_is_answered_and_kept(
    house: House, audio: AudioStandIn, sessions: Sessions
) -> None:
    audio.texts.append("Is the lighthouse dark tonight?")
    house.openai.says("It never is.")

    await say(house)

    assert "⟦a voice message of 3 seconds⟧ Is the lighthouse dark tonight?" in asked(house)
    assert answers(house.lobby) == ["It never is."]
    (upload,) = audio.uploads
    assert (upload.name, upload.media_type) == ("voice-message.ogg", "audio/ogg")
    assert upload.data == THREE_SECONDS
    assert "Mirela" in upload.fields["prompt"]
    async with sessions() as session:
        lines = await session.scalars(select(ConversationLine.content))
        assert any("Is the lighthouse dark tonight?" in each for each in lines)
        call = await session.scalar(select(LlmCall).where(LlmCall.purpose == "voice"))
        assert call is not None
        assert (call.model, call.outcome) == ("audio/whisper", "ok")
        assert call.audio_seconds == pytest.approx(3, abs=0.1)
        assert call.cost_usd == pytest.approx(0.0003, abs=1e-5)
