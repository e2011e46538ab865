"""Sound as 16-bit samples at 16 kHz, and files of it."""

import io
import wave
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from minutier.shared.audio import SAMPLE_RATE
from tests.support.scoring import sample

Samples = NDArray[np.int16]


def conversation() -> Samples:
    """pyannote's sample."""
    with av.open(str(sample("wav"))) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def write_flac(path: Path, samples: Samples) -> Path:
    """As ingestion leaves it."""
    with av.open(str(path), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        for start in range(0, len(samples), SAMPLE_RATE):
            piece = np.ascontiguousarray(samples[None, start : start + SAMPLE_RATE])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def write_wav(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def encode(samples: Samples, kind: str) -> bytes:
    """As meeting servers send it: ``ogg`` with Opus, or ``mp4`` with AAC."""
    codec, rate = {"ogg": ("libopus", 48_000), "mp4": ("aac", SAMPLE_RATE)}[kind]
    target = io.BytesIO()
    with av.open(target, "w", format=kind) as output:
        stream = cast(AudioStream, output.add_stream(codec, rate=rate, layout="mono"))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.frame_size)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return target.getvalue()
