"""PyAV: decoding what was received, in a child process, a frame at a time."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from minutier.ingestion.domain import Decoded, Limits, looks_like_media
from minutier.schemas.events import RejectionReason
from minutier.shared.worker import Report, Worker, WorkerDied, WorkerTimedOut

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

SAMPLE_RATE = 16_000

_SILENCE_SAMPLES = SAMPLE_RATE
_JITTER_SAMPLES = SAMPLE_RATE // 20
# Only what a recording can be: a playlist would make the demuxer open other files and addresses.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,w64,flac,aac"


class AvNormaliser:
    """A file that kills the decoder, or keeps it busy for ever, takes the child with it and is corrupt."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def normalise(self, source: Path, target: Path, limits: Limits) -> float | RejectionReason:
        try:
            return await self._worker.run(normalise, source, target, limits)
        except (WorkerDied, WorkerTimedOut):
            return RejectionReason.CORRUPT


def normalise(source: Path, target: Path, limits: Limits, *, report: Report) -> float | RejectionReason:
    """Decode ``source`` to its end and write 16 kHz mono FLAC; the duration in seconds, or why not.

    Silence is put where the time stamps leave a gap, so that a time in the result is a time in the
    meeting. Memory does not grow with the recording.
    """
    import av
    from av.error import FFmpegError

    av.logging.set_level(None)
    try:
        container = av.open(
            str(source),
            options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
            metadata_errors="ignore",
        )
    except FFmpegError:
        with source.open("rb") as file:
            known = looks_like_media(file.read(16))
        return RejectionReason.CORRUPT if known else RejectionReason.UNSUPPORTED
    with container:
        if not container.streams.audio:
            return RejectionReason.NO_AUDIO
        try:
            decoded = _write_flac(container, target, limits, report)
        except FFmpegError:
            return RejectionReason.CORRUPT
    if decoded is None:
        return RejectionReason.TOO_LONG
    if decoded.damaged or decoded.cut_short:
        return RejectionReason.CORRUPT
    return decoded.duration


def _write_flac(container: "InputContainer", target: Path, limits: Limits, report: Report) -> Decoded | None:
    """``None`` as soon as the recording proves too long."""
    import av

    declared = container.duration / av.time_base if container.duration else None
    frames = _Frames(container)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    written = 0
    with av.open(str(target), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        for frame in frames:
            due = int((frame.time or 0.0) * SAMPLE_RATE) if frame.pts is not None else written
            frame.pts = None
            sound = resampler.resample(frame)
            silence = _silence(due - written if due - written > _JITTER_SAMPLES else 0)
            for piece in chain(silence, sound):
                piece.pts = written
                written += piece.samples
                if written > limits.seconds * SAMPLE_RATE:
                    return None
                output.mux(stream.encode(piece))
            if declared:
                report(min(1.0, written / SAMPLE_RATE / declared))
        for piece in resampler.resample(None):
            piece.pts = written
            written += piece.samples
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return Decoded(
        duration=written / SAMPLE_RATE,
        declared_duration=declared,
        packets=frames.packets,
        damaged_packets=frames.damaged,
    )


class _Frames:
    """The first audio stream's frames; a packet that cannot be decoded is counted and passed over."""

    def __init__(self, container: "InputContainer") -> None:
        self._container = container
        self.packets = 0
        self.damaged = 0

    def __iter__(self) -> "Iterator[AudioFrame]":
        from av.error import InvalidDataError

        for packet in self._container.demux(self._container.streams.audio[0]):
            self.packets += 1
            try:
                yield from packet.decode()
            except InvalidDataError:
                self.damaged += 1


def _silence(samples: int) -> "Iterator[AudioFrame]":
    import av
    import numpy as np

    while samples > 0:
        size = min(samples, _SILENCE_SAMPLES)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.int16), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        yield frame
        samples -= size
