"""Makes small media files of every kind, and reads back what was made of them."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CODECS = {
    "mp4": "aac",
    "m4a": "aac",
    "aac": "aac",
    "webm": "libopus",
    "ogg": "libopus",
    "mp3": "libmp3lame",
    "wav": "pcm_s16le",
    "flac": "flac",
    "mkv": "pcm_s16le",
    "ts": "aac",
}
_FORMATS = {"m4a": "ipod", "mkv": "matroska", "aac": "adts", "ts": "mpegts"}
_VIDEO_CODECS = {"webm": "libvpx"}
_VIDEO_RATE = 1
_CHUNK_SECONDS = 0.02


@dataclass(frozen=True)
class Sound:
    """A tone in one channel or, with ``channel`` unset, in all; ``None`` as frequency is silence.

    Nothing is written for what lies within ``gaps``, as by a recorder that lost packets. ``starts``
    maps a time of the tone to the time stamp that stands on it from there on.
    """

    seconds: float
    frequency: float | None = 440.0
    rate: int = 48_000
    layout: str = "mono"
    channel: int | None = None
    codec: str | None = None
    start: float = 0.0
    gaps: Sequence[tuple[float, float]] = ()
    starts: Mapping[float, float] | None = None


def write(
    path: Path,
    *sounds: Sound,
    video_seconds: float = 0.0,
    options: Mapping[str, str] | None = None,
    default: int | None = None,
) -> Path:
    """One file with a stream per sound, interleaved; its name's suffix says which container and codec.

    ``default`` is the number of the sound that players choose.
    """
    with av.open(str(path), "w", format=_format(path), options=dict(options or {})) as output:
        _write(output, path.suffix[1:], sounds, video_seconds, default)
    return path


def write_stream(path: Path, *sounds: Sound) -> Path:
    """The same as a recorder writes that cannot go back to fill in the header."""
    stream = _Pipe()
    with av.open(stream, "w", format=_format(path)) as output:
        _write(output, path.suffix[1:], sounds, 0.0, None)
    path.write_bytes(stream.getvalue())
    return path


def read(path: Path) -> Samples:
    """The samples of a mono file of 16 kHz, between -1 and 1."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.layout.name) == (16_000, "mono")
        blocks = [frame.to_ndarray()[0] for frame in container.decode(stream)]
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    return cast(Samples, samples.astype(np.float32) / 32768)


def level(samples: Samples, start: float, end: float) -> float:
    """The root mean square of a stretch, in seconds."""
    part = samples[int(start * 16_000) : int(end * 16_000)]
    return float(np.sqrt(np.mean(part**2)))


def onset(samples: Samples, *, after: float = 0.0) -> float:
    """When sound begins, in seconds."""
    first = int(after * 16_000)
    return float(first + np.argmax(np.abs(samples[first:]) > 0.02)) / 16_000


def frequency(samples: Samples, start: float, end: float) -> float:
    """The strongest frequency of a stretch, in hertz."""
    part = samples[int(start * 16_000) : int(end * 16_000)]
    return float(np.argmax(np.abs(np.fft.rfft(part))) * 16_000 / len(part))


class _Pipe(io.RawIOBase):
    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any, /) -> int:
        self._written += bytes(data)
        return len(data)

    def getvalue(self) -> bytes:
        return bytes(self._written)


def _format(path: Path) -> str:
    suffix = path.suffix[1:]
    return _FORMATS.get(suffix, suffix)


def _write(
    output: OutputContainer,
    suffix: str,
    sounds: Sequence[Sound],
    video_seconds: float,
    default: int | None,
) -> None:
    queues: list[tuple[float, Iterator[float]]] = []
    if video_seconds:
        codec = _VIDEO_CODECS.get(suffix, "mpeg4")
        picture = cast(VideoStream, output.add_stream(codec, rate=_VIDEO_RATE))
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        queues.append((0.0, _pictures(output, picture, video_seconds)))
    for number, sound in enumerate(sounds):
        stream = cast(
            AudioStream,
            output.add_stream(sound.codec or CODECS[suffix], rate=sound.rate, layout=sound.layout),
        )
        if default is not None:
            stream.disposition = (
                av.stream.Disposition.default if number == default else av.stream.Disposition(0)
            )
        stream.codec_context.options = {"compression_level": "0"}
        queues.append((0.0, _chunks(output, stream, sound)))
    output.start_encoding()
    while queues:
        queues.sort(key=lambda queue: queue[0])
        _, chunks = queues.pop(0)
        if (time := next(chunks, None)) is not None:
            queues.append((time, chunks))


def _pictures(output: OutputContainer, stream: VideoStream, seconds: float) -> Iterator[float]:
    for number in range(round(seconds * _VIDEO_RATE)):
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
        frame.pts, frame.time_base = number, Fraction(1, _VIDEO_RATE)
        output.mux(stream.encode(frame))
        yield number / _VIDEO_RATE
    output.mux(stream.encode(None))


def _chunks(output: OutputContainer, stream: AudioStream, sound: Sound) -> Iterator[float]:
    size = stream.codec_context.frame_size or round(_CHUNK_SECONDS * sound.rate)
    total = round(sound.seconds * sound.rate)
    jumps = sorted((sound.starts or {}).items())
    for first in range(0, total, size):
        time = first / sound.rate
        if any(start <= time < end for start, end in sound.gaps):
            continue
        stamp = sound.start + time
        for since, start in jumps:
            if time >= since:
                stamp = start + time - since
        frame = _frame(sound, stream, first, min(size, total - first))
        frame.pts, frame.time_base = round(stamp * sound.rate), Fraction(1, sound.rate)
        output.mux(stream.encode(frame))
        yield time
    output.mux(stream.encode(None))


def _frame(sound: Sound, stream: AudioStream, first: int, size: int) -> AudioFrame:
    samples = np.zeros((size, stream.layout.nb_channels), np.float32)
    if sound.frequency is not None:
        tone = 0.5 * np.sin(2 * np.pi * sound.frequency * np.arange(first, first + size) / sound.rate)
        samples[:, slice(None) if sound.channel is None else [sound.channel]] = tone[:, np.newaxis]
    plain = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=sound.layout)
    plain.sample_rate = sound.rate
    (frame,) = av.AudioResampler(format=stream.format.name).resample(plain)
    return frame


def packets(path: Path) -> int:
    """How many packets the first audio stream has."""
    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(container.streams.audio[0]))
