"""What CAM++ hears: Kaldi's logarithmic mel filterbanks."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from minutier.shared.audio import SAMPLE_RATE

MEL_BINS = 80
FRAMES_A_SECOND = 100

# Kaldi works on 16-bit integers.
_SCALE = np.float32(32768)

_HOP_SAMPLES = SAMPLE_RATE // FRAMES_A_SECOND
_FRAME_SAMPLES = 400
_BLOCK_FRAMES = 10 * FRAMES_A_SECOND


def filterbanks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(frames, 80)``, a frame of 25 ms every 10 ms, of samples between -1 and 1 at 16 kHz."""
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = MEL_BINS
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(SAMPLE_RATE, samples * _SCALE)
    bank.input_finished()
    frames = [bank.get_frame(index) for index in range(bank.num_frames_ready)]
    return np.stack(frames) if frames else np.zeros((0, MEL_BINS), np.float32)


class Filterbanks:
    """Those of a long recording, computed once for windows that overlap, in memory that does not grow."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self._samples = samples
        self._block = lru_cache(maxsize=3)(self._compute)

    def between(self, start: int, end: int) -> NDArray[np.float32]:
        """Frames ``start`` to ``end``, fewer where the recording ends before."""
        first, last = start // _BLOCK_FRAMES, max(start, end - 1) // _BLOCK_FRAMES
        blocks = np.concatenate([self._block(number) for number in range(first, last + 1)])
        return blocks[start - first * _BLOCK_FRAMES : end - first * _BLOCK_FRAMES]

    def _compute(self, number: int) -> NDArray[np.float32]:
        begin = number * _BLOCK_FRAMES * _HOP_SAMPLES
        length = (_BLOCK_FRAMES - 1) * _HOP_SAMPLES + _FRAME_SAMPLES
        return filterbanks(self._samples[begin : begin + length])
