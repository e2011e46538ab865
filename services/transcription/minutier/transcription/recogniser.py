"""Recognises recordings in a child process, which keeps the model and all of its processors busy."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path

from minutier.schemas.base import Model
from minutier.shared.audio import SAMPLE_RATE, read_flac
from minutier.shared.worker import Report, Worker, ignore
from minutier.transcription import weights
from minutier.transcription.domain import Passage
from minutier.transcription.ports import Heard, Recognised
from minutier.transcription.speech import Samples, Span, Window, speech, windows
from minutier.transcription.voice_activity import speech_probabilities
from minutier.transcription.whisper import BEAM_SIZE, Encoded, Whisper

_LONGEST_WINDOW = 29.0
_SHORTEST_WINDOW = 10.0
# Language is judged by this many batches, spread over all of the speech.
_PROBES = 4
_LANGUAGE_OF_SILENCE = "en"
# Also for fetching a model from a hub.
LOAD_SECONDS = 1800.0

Read = Callable[[int], Samples]


class WorkerRecogniser:
    """The model stays loaded in the worker between recordings, as long as no other one is wanted."""

    def __init__(self, worker: Worker, *, model: str, limit_ratio: float) -> None:
        """A recording may take ``limit_ratio`` times as long as it lasts, besides the worker's limit."""
        self._worker = worker
        self._model = model
        self._limit_ratio = limit_ratio

    async def model(self) -> Model:
        return await self._worker.run(describe, self._model)

    async def recognise(
        self, tracks: Sequence[Path], language: str | None, *, seconds: float, report: Report
    ) -> Recognised:
        return await self._worker.run(
            recognise_files,
            self._model,
            tuple(tracks),
            language,
            report=report,
            limit_seconds=LOAD_SECONDS + self._limit_ratio * seconds,
        )


@lru_cache(maxsize=1)
def _loaded(model: str) -> Whisper:
    """Another model takes the place of that which was there: there are never more than the two."""
    return Whisper(weights.find(model))


def describe(model: str, *, report: Report) -> Model:
    loaded = _loaded(model)
    return Model(
        name=loaded.name,
        revision=loaded.revision,
        parameters={
            "device": loaded.device,
            "compute_type": loaded.compute_type,
            "beam_size": BEAM_SIZE,
            "longest_window": _LONGEST_WINDOW,
        },
    )


def recognise_files(model: str, files: Sequence[Path], language: str | None, *, report: Report) -> Recognised:
    return recognise(_loaded(model), [partial(read_flac, file) for file in files], language, report=report)


def recognise(
    model: Whisper,
    tracks: Sequence[Callable[[], Samples]],
    language: str | None = None,
    *,
    report: Report = ignore,
) -> Recognised:
    """The words of each track, and the language that is given or that all of them are in.

    Tracks are read when they are needed, and one is held at a time. A language that the model does
    not know counts as not given.
    """

    @lru_cache(maxsize=1)
    def read(track: int) -> Samples:
        return tracks[track]()

    given = language if language is not None and model.knows(language) else None
    with ThreadPoolExecutor(model.workers) as pool:
        plans = [_plan(model, read(track), pool) for track in range(len(tracks))]
        probes = {} if given else _probes(model, read, plans, pool)
        found, probability = (given, 1.0) if given else _language(model, probes.values())
        progress = _Progress(plans, report)
        passages = [
            _passages(model, read(track), plan, probes.get(track, {}), found, pool, progress)
            for track, plan in enumerate(plans)
        ]
    return Recognised(
        language=found,
        language_probability=probability,
        language_given=given is not None,
        tracks=tuple(
            Heard(tuple(plan.speech), tuple(words), plan.duration)
            for plan, words in zip(plans, passages, strict=True)
        ),
    )


@dataclass(frozen=True)
class _Plan:
    """What is to be recognised of one track."""

    duration: float
    speech: Sequence[Span]
    batches: Sequence[Sequence[Window]]


# Batches that are encoded already, by track and number.
_Probes = dict[int, dict[int, Encoded]]


class _Progress:
    def __init__(self, plans: Iterable[_Plan], report: Report) -> None:
        self._total = sum(_seconds(batch) for plan in plans for batch in plan.batches)
        self._done = 0.0
        self._report = report

    def add(self, batch: Sequence[Window]) -> None:
        self._done += _seconds(batch)
        self._report(min(1.0, self._done / self._total))


def _seconds(batch: Iterable[Window]) -> float:
    return sum(window.seconds for window in batch)


def _plan(model: Whisper, samples: Samples, pool: ThreadPoolExecutor) -> _Plan:
    probabilities = speech_probabilities(samples, pool.map)
    found = windows(probabilities, parallel=model.workers, longest=_LONGEST_WINDOW, shortest=_SHORTEST_WINDOW)
    # The windows of a batch are filled up to its longest one.
    found.sort(key=lambda window: window.seconds, reverse=True)
    size = max(1, min(model.batch_size, len(found) // model.workers))
    return _Plan(
        duration=samples.size / SAMPLE_RATE,
        speech=speech(probabilities),
        batches=[found[start : start + size] for start in range(0, len(found), size)],
    )


def _probes(model: Whisper, read: Read, plans: Sequence[_Plan], pool: ThreadPoolExecutor) -> _Probes:
    every = [(track, number) for track, plan in enumerate(plans) for number in range(len(plan.batches))]
    count = min(_PROBES, len(every))
    chosen = [every[len(every) * (2 * place + 1) // (2 * count)] for place in range(count)]
    probes: _Probes = {}
    for track in sorted({track for track, _ in chosen}):
        numbers = [number for own, number in chosen if own == track]
        encode = partial(model.encode, read(track))
        encoded = pool.map(encode, (plans[track].batches[number] for number in numbers))
        probes[track] = dict(zip(numbers, encoded, strict=True))
    return probes


def _language(model: Whisper, probes: Iterable[dict[int, Encoded]]) -> tuple[str, float]:
    likely: dict[str, float] = {}
    for encoded in chain.from_iterable(probe.values() for probe in probes):
        for language, weight in model.languages(encoded).items():
            likely[language] = likely.get(language, 0.0) + weight
    if not likely:
        return _LANGUAGE_OF_SILENCE, 0.0
    best = max(likely, key=lambda language: likely[language])
    return best, min(1.0, likely[best] / sum(likely.values()))


def _passages(
    model: Whisper,
    samples: Samples,
    plan: _Plan,
    encoded: dict[int, Encoded],
    language: str,
    pool: ThreadPoolExecutor,
    progress: _Progress,
) -> list[Passage]:
    def decode(number: int) -> list[Passage]:
        batch = encoded.get(number) or model.encode(samples, plan.batches[number])
        return model.decode(samples, batch, language)

    passages: list[tuple[Window, Passage]] = []
    for batch, found in zip(plan.batches, pool.map(decode, range(len(plan.batches))), strict=True):
        passages += zip(batch, found, strict=True)
        progress.add(batch)
    passages.sort(key=lambda passage: passage[0].start)
    return [passage for _, passage in passages]
