"""The form for how a personality speaks its answers."""

from typing import Self

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.personalities import (
    MAX_STYLE,
    MAX_VOICE,
    PITCHES,
    SPEEDS,
    Personality,
    VoiceSettings,
)
from services.speech import NoSpeechModel
from services.texts import read_number, shorten

_NEVER, _TO_VOICE, _ALWAYS = "never", "to voice", "always"
_WHEN = {
    _NEVER: "Never",
    _TO_VOICE: "To voice messages",
    _ALWAYS: "Always",
}
_MAX_DESCRIPTION = 100  # Discord's limit


class VoiceForm(Modal, title="Its voice"):
    """Form for whether and how a personality speaks.

    Raises:
        NoSpeechModel: Nothing speaks here.
    """

    def __init__(self, services: Services, personality: Personality) -> None:
        super().__init__()
        self._services, self._personality = services, personality
        if not services.speech.can_speak:
            raise NoSpeechModel
        settings = VoiceSettings.read(personality.voice_settings)
        current = _NEVER
        if personality.voice_enabled:
            current = _ALWAYS if settings.always else _TO_VOICE
        self.when = ui.Select[Self](
            custom_id="when",
            options=[
                discord.SelectOption(label=label, value=value, default=value == current)
                for value, label in _WHEN.items()
            ],
        )
        voice = "/".join(filter(None, (settings.vendor, settings.voice)))
        self.voice = ui.TextInput[Self](
            custom_id="voice", required=False, max_length=MAX_VOICE, default=voice or None
        )
        self.speed = _percent("speed", settings.speed)
        self.pitch = _percent("pitch", settings.pitch)
        self.style = ui.TextInput[Self](
            custom_id="style", required=False, max_length=MAX_STYLE, default=settings.style or None
        )
        self.ask("Speaks its answers", self.when)
        self.ask("Voice", self.voice, _known_voices(services))
        self.ask("Speed in percent", self.speed, _range(SPEEDS))
        self.ask("Pitch in percent", self.pitch, f"{_range(PITCHES)}; for the local voice only")
        self.ask("Style", self.style, "For models that follow it: wearily, with a Scottish accent")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        vendor, _, voice = self.voice.value.strip().rpartition("/")
        if voice in self._services.speech.vendors:
            vendor, voice = voice, ""
        self._services.speech.check_vendor(vendor)
        settings = VoiceSettings(
            always=self.when.values[0] == _ALWAYS,
            vendor=vendor,
            voice=voice,
            speed=_factor(self.speed.value, field="speed", limits=SPEEDS),
            pitch=_factor(self.pitch.value, field="pitch", limits=PITCHES),
            style=self.style.value,
        )
        await self._services.personalities.set_voice_settings(
            await interaction_actor(interaction),
            self._personality.id,
            settings,
            enabled=self.when.values[0] != _NEVER,
        )
        await self.confirm_saved(interaction, "Saved. `/voice test` lets you hear it.")


def _percent(name: str, factor: float) -> ui.TextInput[VoiceForm]:
    return ui.TextInput(
        custom_id=name, required=False, max_length=3, default=str(round(factor * 100))
    )


def _range(limits: tuple[float, float]) -> str:
    low, high = limits
    return f"{low * 100:.0f} to {high * 100:.0f}"


def _factor(typed: str, *, field: str, limits: tuple[float, float]) -> float:
    low, high = (round(each * 100) for each in limits)
    number = read_number(typed, field=field, low=low, high=high)
    return 1.0 if number is None else number / 100


def _known_voices(services: Services) -> str:
    known = [
        f"{vendor}/{voice}"
        for vendor, voices in services.speech.vendors.items()
        for voice in voices
    ]
    return shorten(f"Empty, or one such as {', '.join(known)}", _MAX_DESCRIPTION)
