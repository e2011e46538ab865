"""What a download is called."""

import re
import unicodedata
from urllib.parse import quote

from minutier.query.exports.domain import Exported
from minutier.query.exports.outline import title_of

# With the suffix, well within the 255 bytes of file systems.
_STEM_BYTES = 180
_FORBIDDEN = re.compile(r'[/\\:*?"<>|%;\u2044\u2215\u29f8\uff0f\uff3c]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def file_name(exported: Exported, suffix: str) -> str:
    """Such as ``2026-01-31 Budget.pdf``; a single part of a path on every system, never hidden."""
    title = unicodedata.normalize("NFC", _FORBIDDEN.sub(" ", title_of(exported)))
    day = f"{exported.happened_at:%Y-%m-%d} " if exported.happened_at else ""
    whole = " ".join((day + title).split()).lstrip(" .-~")
    stem = whole.encode()[:_STEM_BYTES].decode(errors="ignore").rstrip(" .") or "_"
    return f"{'_' if _RESERVED.fullmatch(stem) else ''}{stem}.{suffix}"


def content_disposition(name: str) -> str:
    """The header of a download (RFC 6266): the name in UTF-8, and in ASCII for those who read only that."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = " ".join(_FORBIDDEN.sub(" ", plain).split())
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
