"""How somebody likes to read: their language, their time zone, light or dark."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LANGUAGE_COOKIE = "minutier_language"
THEME_COOKIE = "minutier_theme"
# Written by the pages' own script, which is the only one to know it.
ZONE_COOKIE = "minutier_zone"

_ZONE_CHARACTERS = 64

E = TypeVar("E", bound=StrEnum)


class Language(StrEnum):
    """The first is for those who like none of them better."""

    ENGLISH = "en"
    FRENCH = "fr"


class Theme(StrEnum):
    """``AUTO`` is as the device has it."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Preferences:
    language: Language = Language.ENGLISH
    theme: Theme = Theme.AUTO
    zone: tzinfo = UTC


def preferences(cookies: Mapping[str, str], accept_language: str) -> Preferences:
    """What was chosen before, and what the browser asks for otherwise; what is unreadable is nothing."""
    return Preferences(
        language=_one_of(Language, cookies.get(LANGUAGE_COOKIE)) or _accepted(accept_language),
        theme=_one_of(Theme, cookies.get(THEME_COOKIE)) or Theme.AUTO,
        zone=_zone(cookies.get(ZONE_COOKIE, "")) or UTC,
    )


def _one_of(kind: type[E], value: str | None) -> E | None:
    return kind(value) if value in set(kind) else None


def _accepted(header: str) -> Language:
    """The one the browser likes best, of those there are (RFC 9110, 12.5.4)."""
    liked: list[tuple[float, Language]] = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";")
        language = _one_of(Language, tag.strip().lower().partition("-")[0])
        if language is not None and (quality := _quality(weight)) > 0:
            liked.append((quality, language))
    return max(liked, key=lambda each: each[0])[1] if liked else Language.ENGLISH


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _zone(name: str) -> ZoneInfo | None:
    if not 0 < len(name) <= _ZONE_CHARACTERS:
        return None
    try:
        return ZoneInfo(name)
    # A name may also lead out of the folder of zones, or to one of its folders.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
