"""PyAV: decoding what was received, in a child process, a frame at a time."""

from collections.abc import Iterator, Sequence
from errno import EAGAIN
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from minutier.ingestion.domain import Decoded, Extent, Limits, Timeline, looks_like_media
from minutier.ingestion.media.mask import Mask
from minutier.ingestion.spans import Span
from minutier.schemas.rejections import RejectionReason
from minutier.shared.worker import Report, Worker, WorkerDied, WorkerTimedOut

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter import Graph
    from av.packet import Packet
    from av.stream import Stream
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000

_SILENCE_SAMPLES = SAMPLE_RATE
# Only what a recording, or a segment of one, can be: a playlist would make the demuxer open other files
# and addresses.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,w64,flac,aac,mpegts"
# Their headers give each stream's length. Of other formats libavformat estimates it, or reads it off
# the file's end, except of Matroska, whose header gives that of all streams together.
_DECLARE_EACH_STREAM = {"mov,mp4,m4a,3gp,3g2,mj2", "wav", "w64", "flac"}
_DECLARE_THE_WHOLE = {"matroska,webm"}


class AvNormaliser:
    """Decodes in the worker's child: a file that keeps it busy for ever, or kills it twice, is corrupt.

    Once it may have been killed for want of memory, or with the machine.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def normalise(
        self,
        source: Path,
        target: Path,
        limits: Limits,
        *,
        recorded: Sequence[Span] | None = None,
        report: Report,
    ) -> float | RejectionReason:
        for _ in range(2):
            try:
                return await self._worker.run(normalise, source, target, limits, recorded, report=report)
            except WorkerDied:
                continue
            except WorkerTimedOut:
                break
        return RejectionReason.CORRUPT


class _Rejected(Exception):
    def __init__(self, reason: RejectionReason) -> None:
        super().__init__(reason)
        self.reason = reason


def normalise(
    source: Path,
    target: Path,
    limits: Limits,
    recorded: Sequence[Span] | None = None,
    *,
    report: Report,
) -> float | RejectionReason:
    """Decode ``source`` to its end and write 16 kHz mono FLAC; the duration in seconds, or why not.

    Time 0 is the beginning of the file's earliest stream. Outside ``recorded``, in seconds of that time,
    the result is silent, and as long. Memory does not grow with the recording.
    Raises `OSError` where ``target`` cannot be written.
    """
    import av

    av.logging.set_level(None)
    try:
        with _open(source) as container:
            mask = None if recorded is None else Mask.keeping(recorded, rate=SAMPLE_RATE)
            decoded = _write_flac(_Sound(container, report), target, limits, mask)
    except _Rejected as rejected:
        return rejected.reason
    return decoded.fault or decoded.duration


def _open(source: Path) -> "InputContainer":
    import av
    from av.error import FFmpegError

    try:
        return av.open(
            str(source),
            options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
            metadata_errors="ignore",
        )
    except FFmpegError:
        with source.open("rb") as file:
            known = looks_like_media(file.read(16))
        reason = RejectionReason.CORRUPT if known else RejectionReason.UNSUPPORTED
        raise _Rejected(reason) from None


def _write_flac(sound: "_Sound", target: Path, limits: Limits, mask: Mask | None) -> Decoded:
    import av
    from av.error import FFmpegError

    written = 0
    mono = _Mono()
    timeline = Timeline(sound.origin)
    try:
        with av.open(str(target), "w", format="flac") as output:
            stream = output.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
            for frame, following in pairwise(chain(sound, [None])):
                assert frame is not None
                placement = timeline.place(
                    frame.time,
                    frame.samples / frame.sample_rate,
                    following.time if following else None,
                    written=written / SAMPLE_RATE,
                )
                if placement.silence > limits.seconds:
                    raise _Rejected(RejectionReason.CORRUPT)
                pieces = chain(
                    _silence(round(placement.silence * SAMPLE_RATE)),
                    _without(round(placement.overlap * SAMPLE_RATE), mono.convert(frame)),
                    mono.flush() if following is None else (),
                )
                for sounding in pieces:
                    piece = sounding if mask is None else frame_of(mask.over(sounding.to_ndarray(), written))
                    piece.pts = written
                    written += piece.samples
                    if written > limits.seconds * SAMPLE_RATE:
                        raise _Rejected(RejectionReason.TOO_LONG)
                    output.mux(stream.encode(piece))
            output.mux(stream.encode(None))
    except FFmpegError as error:
        # What the input may raise has become a rejection: this is the disk.
        raise OSError(error.errno, "cannot write the normalised audio") from None
    return Decoded(
        duration=written / SAMPLE_RATE,
        extent=sound.extent,
        packets=sound.packets,
        damaged_packets=sound.damaged_packets,
    )


class _Sound:
    """The frames of the stream that players choose, else the first, and what reading them has shown.

    A packet that cannot be decoded is counted and passed over. Raises `_Rejected`.
    """

    def __init__(self, container: "InputContainer", report: Report) -> None:
        import av
        from av.stream import Discard, Disposition

        streams = container.streams.audio
        if not streams:
            raise _Rejected(RejectionReason.NO_AUDIO)
        chosen = next((each for each in streams if each.disposition & Disposition.default), streams[0])
        # libavcodec has no decoder for it.
        if cast(object, chosen.codec_context) is None:
            raise _Rejected(RejectionReason.UNSUPPORTED)
        self._container = container
        self._stream: AudioStream = chosen
        self._report = report
        self._read: list[Stream] = [chosen]
        self._declared: float | None = None
        self._ends: dict[int, int] = {}
        self._since = 0
        self._position = 0
        if container.format.name in _DECLARE_EACH_STREAM:
            self._declared = _seconds(chosen.duration, chosen)
            self._since = chosen.start_time or 0
        elif container.format.name in _DECLARE_THE_WHOLE and chosen.duration is None and container.duration:
            # A stream's own duration is only there where libavformat estimated it from the file's size.
            self._declared = container.duration / av.time_base
            self._read = [*streams, *container.streams.video]
        for each in container.streams:
            if each not in self._read:
                each.discard = Discard.all
        start = cast("int | None", container.start_time)
        self.origin = start / av.time_base if start is not None else 0.0
        self.packets = 0
        self.damaged_packets = 0

    @property
    def extent(self) -> Extent:
        streams = self._container.streams
        ends = [_seconds(end - self._since, streams[index]) for index, end in self._ends.items()]
        return Extent(self._declared, max((end for end in ends if end is not None), default=0.0))

    def __iter__(self) -> "Iterator[AudioFrame]":
        from av.error import FFmpegError

        for packet in self._demux():
            self._note(packet)
            if packet.stream is not self._stream:
                continue
            self.packets += packet.size > 0
            try:
                yield from cast("Packet[AudioStream]", packet).decode()
            except FFmpegError:
                self.damaged_packets += 1

    def _demux(self) -> "Iterator[Packet[Stream]]":
        from av.error import FFmpegError

        try:
            yield from self._container.demux(*self._read)
        except FFmpegError:
            raise _Rejected(RejectionReason.CORRUPT) from None

    def _note(self, packet: "Packet[Stream]") -> None:
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            self._ends[packet.stream_index] = max(self._ends.get(packet.stream_index, end), end)
        if packet.pos is not None and packet.pos > self._position:
            self._position = packet.pos
            self._report(packet.pos / self._container.size)


class _Mono:
    """Frames of any kind into the mean of their channels, at the result's rate.

    The mean, as a known layout's usual downmix drops its low-frequency channel, and a recorder with
    a microphone on each channel has no layout. A change of the frames' kind is followed. Raises `_Rejected`.
    """

    def __init__(self) -> None:
        self._kind: tuple[str, str, int] | None = None
        self._graph: Graph | None = None

    def convert(self, frame: "AudioFrame") -> "Iterator[AudioFrame]":
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            yield from self.flush()
            self._kind = kind
            self._graph = self._opened(frame)
        frame.pts = None
        yield from self._through(frame)

    def flush(self) -> "Iterator[AudioFrame]":
        """What the filters still hold back."""
        if self._graph is not None:
            yield from self._through(None)
            self._graph = None

    def _opened(self, frame: "AudioFrame") -> "Graph":
        from av.error import FFmpegError
        from av.filter import Graph

        channels = range(frame.layout.nb_channels)
        graph = Graph()
        try:
            graph.link_nodes(
                graph.add(
                    "abuffer",
                    sample_rate=str(frame.sample_rate),
                    sample_fmt=frame.format.name,
                    channel_layout=frame.layout.name,
                ),
                graph.add("pan", "mono|c0<" + "+".join(f"c{channel}" for channel in channels)),
                graph.add(
                    "aformat", sample_rates=str(SAMPLE_RATE), sample_fmts="s16", channel_layouts="mono"
                ),
                graph.add("abuffersink"),
            ).configure()
        except (FFmpegError, ValueError):
            raise _Rejected(RejectionReason.UNSUPPORTED) from None
        return graph

    def _through(self, frame: "AudioFrame | None") -> "Iterator[AudioFrame]":
        from av.error import FFmpegError

        assert self._graph is not None
        try:
            self._graph.push(frame)
            while True:
                yield cast("AudioFrame", self._graph.pull())
        except EOFError:
            return
        except FFmpegError as error:
            if error.errno != EAGAIN:
                raise _Rejected(RejectionReason.CORRUPT) from None


def _silence(samples: int) -> "Iterator[AudioFrame]":
    import numpy as np

    while samples > 0:
        size = min(samples, _SILENCE_SAMPLES)
        yield frame_of(np.zeros((1, size), np.int16))
        samples -= size


def _without(samples: int, pieces: "Iterator[AudioFrame]") -> "Iterator[AudioFrame]":
    """All but the first ``samples``."""
    for piece in pieces:
        dropped = min(samples, piece.samples)
        samples -= dropped
        if not dropped:
            yield piece
        elif dropped < piece.samples:
            yield frame_of(piece.to_ndarray()[:, dropped:])


def frame_of(samples: "NDArray[Any]") -> "AudioFrame":
    """Of samples of 16 bits, shape ``(1, samples)``."""
    import av

    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    return frame


def _seconds(ticks: int | None, stream: "Stream") -> float | None:
    return None if ticks is None or stream.time_base is None else float(ticks * stream.time_base)
