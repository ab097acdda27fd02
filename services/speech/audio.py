"""Decoding and encoding audio with PyAV; only for the processes of `local_program`.

FFmpeg within PyAV reads what strangers have recorded: it runs in no process that has secrets.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.speech.errors import UnreadableRecording

HEARING_RATE = 16_000
_OPUS_RATE, _BIT_RATE = 48_000, 32_000
_POINTS_A_SECOND, _MAX_POINTS = 10, 256
Samples = NDArray[Any]


def decode(data: bytes, *, seconds: float, rate: int = HEARING_RATE) -> tuple[Samples, bool]:
    """Return the first seconds of any audio as mono int16, and whether there is more of it.

    Raises:
        UnreadableRecording: There is no audio in it that can be decoded.
    """
    import av  # noqa: PLC0415 - an extra
    import av.error  # noqa: PLC0415

    limit, count = int(seconds * rate), 0
    pieces: list[Samples] = []
    try:
        with av.open(io.BytesIO(data), mode="r") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for frame in container.decode(audio=0):
                for resampled in resampler.resample(frame):
                    piece = resampled.to_ndarray().reshape(-1)
                    pieces.append(piece)
                    count += piece.size
                if count > limit:
                    break
    # An IndexError: there is no audio in it, as in a picture. What was decoded before is used.
    except (av.error.FFmpegError, IndexError, ValueError, EOFError):
        pass
    if not count:
        raise UnreadableRecording
    return np.concatenate(pieces)[:limit], count > limit


def encode(samples: Samples, rate: int) -> bytes:
    """Return mono int16 samples, some minutes at most, as Opus in Ogg."""
    import av  # noqa: PLC0415 - an extra

    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        writer: Any = container  # half of its types are unknown
        stream = writer.add_stream("libopus", rate=_OPUS_RATE, layout="mono")
        stream.bit_rate = _BIT_RATE
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_OPUS_RATE)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate
        for resampled in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    return file.getvalue()


def waveform(samples: Samples, rate: int) -> bytes:
    """Return the loudness of a recording as Discord draws it: ten bytes a second, at most 256."""
    count = max(1, min(_MAX_POINTS, samples.size * _POINTS_A_SECOND // rate))
    pieces = np.array_split(samples.astype(np.float32), count)
    loudness = [
        float(np.sqrt(np.mean(np.square(piece)))) if piece.size else 0.0 for piece in pieces
    ]
    loudest = max(loudness) or 1.0
    return bytes(round(255 * each / loudest) for each in loudness)
