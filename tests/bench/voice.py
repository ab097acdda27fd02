"""What is written, spoken by the local voice, and heard by the local model; and what that takes.

Errors are words of the written text that are missing, added or other ones (word error rate, by the
edit distance of words), without regard to case and punctuation.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from pathlib import Path

from services.speech import Recording, SpeechRequest, TranscriptionRequest, ogg
from services.speech.local import LocalProcess, LocalSpeech, LocalTranscription
from services.speech.types import MAX_SECONDS, MAX_SPOKEN, OGG
from tests.bench.measure import Measure

NAMES = ("Mirela", "Bex", "Professor Quill", "Juno", "Wilhelmina")
SENTENCES = (
    "Mirela keeps the lighthouse at the end of the world.",
    "Good evening, Juno, the ferry is late again tonight.",
    "Have you seen Bex near the harbour this morning?",
    "Professor Quill has written another letter about the weather.",
    "Wilhelmina lost her umbrella on the way to the station.",
    "I think Mirela is right, we should wait for the tide.",
    "Please tell Juno that the soup is getting cold.",
    "Bex burned the bread, and nobody wants to say it.",
    "The lamp went out at four, said Professor Quill.",
    "Wilhelmina wants to know what happened to the old map.",
    "Mirela, could you light the lamp a little earlier today?",
    "Juno has been walking along the beach since noon.",
    "There is a storm coming, so Bex is closing the windows.",
    "Professor Quill asked whether the museum opens on Sunday.",
    "Thank you, Wilhelmina, that was a very kind thing to do.",
    "Mirela does not believe in ghosts, but she leaves the door open.",
    "Juno found a small silver key under the stairs.",
    "Bex promised to bring the blue boat back before dark.",
    "Nobody listens to Professor Quill when the wind is loud.",
    "Wilhelmina will sing tomorrow, if her voice allows it.",
)
_WORDS = re.compile(r"[\w']+")
_TICK_SECONDS = 0.001


def measure(_: str) -> list[Measure]:
    """Return word errors, names, seconds, memory, and how long the event loop is held."""
    return asyncio.run(_measure())


async def _measure() -> list[Measure]:
    mouth, ears = LocalSpeech(), LocalTranscription()
    try:
        await ears.transcribe(_recording(await mouth.speak(_request("Hello."))), _hint())
        held = asyncio.create_task(_longest_stretch())
        errors = words = named = 0
        spoken_in = heard_in = 0.0
        for sentence in SENTENCES:
            started = time.perf_counter()
            data = await mouth.speak(_request(sentence))
            spoken_in += time.perf_counter() - started
            started = time.perf_counter()
            heard = await ears.transcribe(_recording(data), _hint())
            heard_in += time.perf_counter() - started
            written, understood = _words(sentence), _words(heard)
            errors += _distance(written, understood)
            words += len(written)
            name = next(each for each in NAMES if each in sentence)
            named += name.lower() in heard.lower()
        long_text = " ".join(SENTENCES * 2)[:MAX_SPOKEN]
        await mouth.speak(_request(long_text))
        # Slowly enough to last longer than what is heard of a recording.
        slow = SpeechRequest(text=long_text, speed=0.5)
        longest = _recording(await mouth.speak(slow))
        assert longest.is_cut
        await ears.transcribe(longest, _hint())
        held.cancel()
        return [
            Measure("voice_word_errors", errors / words, "share", aim="≤ 0.06"),
            Measure("voice_names", named, "of 20", aim="≥ 18"),
            Measure("voice_spoken_s", spoken_in / len(SENTENCES), "s"),
            Measure("voice_heard_s", heard_in / len(SENTENCES), "s"),
            Measure("voice_hearing_mb", _peak(ears.process), "MB", aim="≤ 400"),
            Measure("voice_speaking_mb", _peak(mouth.process), "MB", aim="≤ 500"),
            Measure("voice_loop_held_ms", await _result(held), "ms", aim="≤ 50"),
        ]
    finally:
        await asyncio.gather(mouth.close(), ears.close())


async def _longest_stretch() -> float:
    """Return the longest time in milliseconds in which nothing else ran, once it is cancelled."""
    longest = 0.0
    try:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)
            longest = max(longest, time.perf_counter() - started - _TICK_SECONDS)
    except asyncio.CancelledError:
        return longest * 1000


async def _result(stretch: asyncio.Task[float]) -> float:
    return await stretch


def _request(text: str) -> SpeechRequest:
    return SpeechRequest(text=text)


def _hint() -> TranscriptionRequest:
    return TranscriptionRequest(names=NAMES, language="en")


def _recording(data: bytes) -> Recording:
    cut, seconds, is_cut = ogg.cut(data, MAX_SECONDS)
    return Recording(data=cut, media_type=OGG, seconds=seconds, is_cut=is_cut)


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())


def _distance(written: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words have to be changed, added or removed to get from one to the other."""
    previous = list(range(len(heard) + 1))
    for row, word in enumerate(written, start=1):
        current = [row]
        for column, other in enumerate(heard, start=1):
            substituted = previous[column - 1] + (word != other)
            current.append(min(substituted, previous[column] + 1, current[-1] + 1))
        previous = current
    return previous[-1]


def _peak(process: LocalProcess) -> float:
    """Return the most memory that a process has had, in megabytes."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    line = next(each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1000
