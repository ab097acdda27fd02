"""Recordings for tests: tones, which are no speech, in the format of voice messages."""

from functools import cache

import numpy as np

from services.speech import audio

_RATE = 16_000


@cache
def tone(seconds: float, *, hertz: float = 220) -> bytes:
    """Return a tone as Opus in Ogg."""
    times = np.arange(int(seconds * _RATE)) / _RATE
    samples = (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)
    return audio.encode(samples, _RATE)


@cache
def silence(seconds: float) -> bytes:
    """Return silence as Opus in Ogg."""
    return audio.encode(np.zeros(int(seconds * _RATE), dtype=np.int16), _RATE)
