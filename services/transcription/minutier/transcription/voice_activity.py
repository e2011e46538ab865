"""Silero's voice activity detector, as faster-whisper brings it."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from minutier.shared.audio import SAMPLE_RATE
from minutier.transcription.speech import FRAME, Probabilities, Samples

_PIECE = 60 * SAMPLE_RATE // FRAME * FRAME
# The detector remembers: it needs a little of what came before to find its feet.
_LEAD = 32 * FRAME

Map = Callable[[Callable[[int], Probabilities], Iterable[int]], Iterator[Probabilities]]


def speech_probabilities(samples: Samples, map: Map = map) -> Probabilities:
    """How likely each frame is speech, shape ``(ceil(samples / FRAME),)``.

    Memory does not grow with the recording: it is heard in pieces, which ``map`` may do side by side.
    """
    from faster_whisper.vad import get_vad_model

    detect = get_vad_model()

    def probabilities(start: int) -> Probabilities:
        lead = min(start, _LEAD)
        piece = samples[start - lead : start + _PIECE]
        # The detector writes into what it is given, so it always gets a copy.
        padded = np.pad(piece, (0, -piece.size % FRAME))
        return np.asarray(detect(padded), np.float32).reshape(-1)[lead // FRAME :]

    if not samples.size:
        return np.zeros(0, np.float32)
    return np.concatenate(list(map(probabilities, range(0, samples.size, _PIECE))))
