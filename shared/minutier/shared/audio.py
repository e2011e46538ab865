"""Normalised audio, as ingestion leaves it: 16 kHz mono FLAC."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000

_SLACK_SAMPLES = SAMPLE_RATE


def read_flac(path: Path) -> "NDArray[np.float32]":
    """All samples of a 16 kHz mono FLAC file, shape ``(samples,)``, between -1 and 1.

    Decoded into one array that is made once: four bytes a sample is all that it takes, 230 MB an hour.
    Raises `av.error.FFmpegError` where the file cannot be decoded, `ValueError` where it is not normalised.
    """
    import av
    import numpy as np

    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        if stream.rate != SAMPLE_RATE or stream.layout.nb_channels != 1 or stream.format.name != "s16":
            raise ValueError("the audio is not 16 kHz mono FLAC of 16 bits")
        declared = int((container.duration or 0) / av.time_base * SAMPLE_RATE)
        samples = np.empty(declared + _SLACK_SAMPLES, np.float32)
        count = 0
        for frame in container.decode(stream):
            piece = frame.to_ndarray()[0]
            if count + piece.size > samples.size:
                samples = np.concatenate([samples, np.empty(samples.size + piece.size, np.float32)])
            np.multiply(piece, np.float32(1 / 32768), out=samples[count : count + piece.size])
            count += piece.size
    return samples[:count]
