"""Checks of what hears and speaks."""

from datetime import UTC, date, datetime

from bot.app.settings import Settings, SettingsError
from bot.app.speech import hearing_model, speaking_models
from bot.cli.doctor.diagnostics import CheckResult, CheckState
from bot.discord.errors import operator_text
from services.errors import DomainError

# Vendors' own announcements, of November 2026, by the beginning of a model's name.
_SHUTDOWNS = (
    ("openai/whisper-1", date(2027, 2, 26)),
    ("openai/gpt-4o-transcribe", date(2027, 2, 26)),
    ("openai/gpt-4o-mini-transcribe", date(2027, 2, 26)),
    ("openai/tts-1", date(2027, 1, 6)),
    ("openai/gpt-4o-mini-tts", date(2027, 1, 6)),
    ("gemini/gemini-3.1-flash-tts-preview", date(2026, 12, 18)),
    ("gemini/gemini-2.5-flash-preview-tts", date(2026, 12, 18)),
    ("gemini/gemini-2.5-pro-preview-tts", date(2026, 12, 18)),
)


def check_voice(settings: Settings) -> list[CheckResult]:
    """Say what hears voice messages, what speaks answers, and until when."""
    try:
        hearing, speaking = hearing_model(settings), speaking_models(settings)
    except (SettingsError, DomainError) as error:
        todo = "Look at TRANSCRIPTION_MODEL_PATH."
        return [CheckResult("Voice", CheckState.BAD, operator_text(error), todo)]
    return [
        _result(
            "Hears",
            [hearing.name] if hearing else [],
            "Set TRANSCRIPTION_MODEL, or install the extra `ears`: voice messages are not heard.",
        ),
        _result(
            "Speaks",
            [each.name for each in speaking.values()],
            "Set SPEECH_MODEL, or install the extra `mouth`: answers are not spoken.",
        ),
    ]


def _result(part: str, models: list[str], todo: str) -> CheckResult:
    if not models:
        return CheckResult(part, CheckState.IDLE, "no model", todo)
    for model in models:
        for beginning, shutdown in _SHUTDOWNS:
            if model.startswith(beginning):
                is_gone = shutdown <= datetime.now(UTC).date()
                state = CheckState.BAD if is_gone else CheckState.DOUBTFUL
                return CheckResult(part, state, f"{model} ends on {shutdown}", "Choose another.")
    return CheckResult(part, CheckState.GOOD, ", ".join(models))
