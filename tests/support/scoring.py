"""Scores against published references."""

import importlib.util
from pathlib import Path

import jiwer
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
