"""Style, scripts, fonts and icons of the pages, under addresses that change with what they hold."""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
# What is compressed already.
_DENSE = (".woff2",)


@dataclass(frozen=True)
class Asset:
    """``pressed`` is the same by gzip, where that is much smaller."""

    media_type: str
    body: bytes
    pressed: bytes | None


class Assets:
    """All of them, kept in memory. One digest is for all, since scripts name each other without it."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {name: _asset(name, body) for name, body in files.items()}
        named = b"".join(name.encode() + hashlib.sha256(files[name]).digest() for name in sorted(files))
        self.digest = hashlib.sha256(named).hexdigest()[:16]

    def url(self, name: str) -> str:
        """Raises `KeyError` where there is no such file, so that no page asks for it."""
        self._files[name]
        return f"/static/{self.digest}/{name}"

    def find(self, digest: str, name: str) -> Asset | None:
        """Files of another version are not these."""
        return self._files.get(name) if digest == self.digest else None


def load(folders: Sequence[Path], modules: Mapping[str, str]) -> Assets:
    """The static files of all ``folders``, the first before the others, and ``modules`` by their names."""
    files: dict[str, bytes] = {}
    for folder in reversed(folders):
        static = folder / "static"
        files |= {
            path.relative_to(static).as_posix(): path.read_bytes()
            for path in static.rglob("*")
            if path.suffix in _TYPES
        }
    return Assets(files | {name: module.encode() for name, module in modules.items()})


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    return Asset(_TYPES[suffix], body, None if suffix in _DENSE else gzip.compress(body, mtime=0))
