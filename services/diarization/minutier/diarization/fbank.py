"""What CAM++ hears: Kaldi's logarithmic mel filterbanks."""

import numpy as np
from numpy.typing import NDArray

from minutier.shared.audio import SAMPLE_RATE

MEL_BINS = 80
FRAMES_A_SECOND = 100

# Kaldi works on 16-bit integers.
_SCALE = np.float32(32768)


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
