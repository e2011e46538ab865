"""PyAV: normalised audio in which somebody is not heard any more, in a child process, a frame at a time."""

from collections.abc import Sequence
from pathlib import Path

from minutier.ingestion.media.av import SAMPLE_RATE, frame_of
from minutier.ingestion.media.mask import Mask
from minutier.ingestion.spans import Span
from minutier.shared.worker import Report, Worker


class AvSilencer:
    """Decodes in the worker's child; raises what `Worker` raises."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def silence(self, source: Path, target: Path, spans: Sequence[Span]) -> None:
        await self._worker.run(silence, source, target, spans)


def silence(source: Path, target: Path, spans: Sequence[Span], *, report: Report) -> None:
    """Write ``source`` once more, with samples that are zero within ``spans``, in seconds of it.

    A sample is zero of which any part is within; all others are what they were, and as many. What the file
    tells besides its sound is left out. Memory does not grow with the recording. Raises `ValueError` where
    the source is not normalised, `av.error.FFmpegError` where it cannot be decoded or the result be written.
    """
    import av

    av.logging.set_level(None)
    mask = Mask.silencing(spans, rate=SAMPLE_RATE)
    written = 0
    with av.open(str(source)) as container, av.open(str(target), "w", format="flac") as output:
        (heard,) = container.streams.audio
        if heard.rate != SAMPLE_RATE or heard.layout.nb_channels != 1 or heard.format.name != "s16":
            raise ValueError("the audio is not 16 kHz mono FLAC of 16 bits")
        stream = output.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        for frame in container.decode(heard):
            piece = frame_of(mask.over(frame.to_ndarray(), written))
            piece.pts = written
            written += piece.samples
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
