"""Normalised audio, read as it was written."""

from pathlib import Path

import av
import numpy as np
import pytest

from minutier.shared.audio import SAMPLE_RATE, read_flac
from tests.support.audio import write_flac


@pytest.mark.parametrize("count", [0, 1, 4608, 3 * SAMPLE_RATE + 17])
def test_samples_are_read_as_they_were_written(tmp_path: Path, count: int) -> None:
    written = np.random.default_rng(7).integers(-32768, 32768, count).astype(np.int16)
    read = read_flac(write_flac(tmp_path / "audio.flac", written))
    assert read.dtype == np.float32
    assert np.array_equal(read * 32768, written)


def test_a_file_that_does_not_tell_its_length_is_read_whole(tmp_path: Path) -> None:
    written = np.arange(5 * SAMPLE_RATE, dtype=np.int64).astype(np.int16)
    file = write_flac(tmp_path / "audio.flac", written)
    data = bytearray(file.read_bytes())
    # The 36 bits of STREAMINFO that count the samples: nought stands for unknown.
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    file.write_bytes(bytes(data))
    assert np.array_equal(read_flac(file) * 32768, written)


def test_what_is_not_normalised_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "audio.flac"), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(ValueError, match="16 kHz mono"):
        read_flac(tmp_path / "audio.flac")
