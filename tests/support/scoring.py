"""Scores against published references."""

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jiwer
from meeteval.wer import cp_word_error_rate
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer


def sample(suffix: str) -> Path:
    """A file of the conversation in the pyannote.audio wheel: ``wav``, ``rttm`` or ``stm``."""
    # pyannote.audio is not imported, which takes seconds: only its folder is asked for.
    spec = importlib.util.find_spec("pyannote")
    assert spec is not None
    (folder, *_) = (
        path for path in map(Path, spec.submodule_search_locations or ()) if (path / "audio").is_dir()
    )
    return folder / "audio" / "sample" / f"sample.{suffix}"


def stm_text(stm: Path) -> str:
    """All words of an STM file by time: file, channel, speaker, start, end, text."""
    lines = [line.split(maxsplit=5) for line in stm.read_text().splitlines() if line.strip()]
    return " ".join(line[5] for line in sorted(lines, key=lambda line: float(line[3])))


def word_error_rate(reference: str, hypothesis: str, *, language: str = "en") -> float:
    """Errors per word of the reference, after Whisper's normaliser (Radford et al. 2022, appendix C)."""
    normalise = EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
    return float(jiwer.wer(normalise(reference), normalise(hypothesis)))


def concatenated_word_error_rate(stm: Path, turns: Iterable[Mapping[str, Any]]) -> float:
    """cpWER (Watanabe et al. 2020): word errors under the best matching of speakers, per word.

    ``turns`` have a ``speaker`` and a ``text`` each, by time.
    """
    normalise = EnglishTextNormalizer()
    lines = sorted(
        (line.split(maxsplit=5) for line in stm.read_text().splitlines()), key=lambda x: float(x[3])
    )
    spoken: dict[str, list[str]] = {}
    for line in lines:
        spoken.setdefault(line[2], []).append(normalise(line[5]))
    written: dict[str, list[str]] = {}
    for turn in turns:
        written.setdefault(turn["speaker"], []).append(normalise(turn["text"]))
    result = cp_word_error_rate(
        {speaker: " ".join(texts) for speaker, texts in spoken.items()},
        {speaker: " ".join(texts) for speaker, texts in written.items()},
    )
    return float(result.error_rate)
