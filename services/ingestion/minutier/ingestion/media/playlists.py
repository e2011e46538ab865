"""HLS playlists (RFC 8216): which files a recording in segments is made of."""

import re
from urllib.parse import unquote

_MAP_URI = re.compile(r'URI="([^"]*)"')
# Playlists of playlists, encrypted segments, and pieces of files: no recorder that we know writes them.
_UNSUPPORTED = ("#EXT-X-STREAM-INF", "#EXT-X-MEDIA:", "#EXT-X-I-FRAME", "#EXT-X-BYTERANGE")
# A day in segments of two seconds.
_MOST = 43_200


class UnsupportedPlaylist(ValueError):
    """Not a playlist, or one that is made in a way that is not read; nothing of it is quoted."""


class UnfinishedPlaylist(ValueError):
    """The recorder is still writing it."""


def segments(text: str, key: str) -> list[str]:
    """The keys of a playlist's files in order; joined they are one file. ``key`` is the playlist's own.

    Names lead into the playlist's folder, or below it. Raises `UnsupportedPlaylist`,
    `UnfinishedPlaylist`.
    """
    lines = [line.strip() for line in text.splitlines()]
    if not lines or lines[0] != "#EXTM3U":
        raise UnsupportedPlaylist
    folder = key.rpartition("/")[0]
    beginnings: list[str] = []
    names: list[str] = []
    for line in lines:
        if line.startswith(_UNSUPPORTED) or (line.startswith("#EXT-X-KEY") and "METHOD=NONE" not in line):
            raise UnsupportedPlaylist
        if line.startswith("#EXT-X-MAP:"):
            beginnings.append(_beginning(line))
        elif line and not line.startswith("#"):
            names.append(line)
    if len(set(beginnings)) > 1 or not 0 < len(names) <= _MOST:
        raise UnsupportedPlaylist
    found = [_resolved(name, folder) for name in (*beginnings[:1], *names)]
    if "#EXT-X-ENDLIST" not in lines:
        raise UnfinishedPlaylist
    return found


def _beginning(line: str) -> str:
    uri = _MAP_URI.search(line)
    if uri is None or "BYTERANGE" in line:
        raise UnsupportedPlaylist
    return uri[1]


def _resolved(name: str, folder: str) -> str:
    path = unquote(name)
    if {"", ".", ".."} & set(path.split("/")) or not path.isprintable():
        raise UnsupportedPlaylist
    return f"{folder}/{path}" if folder else path
