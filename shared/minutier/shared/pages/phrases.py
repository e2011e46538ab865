"""What the pages say in each language, and how they write dates and figures."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from io import BytesIO
from pathlib import Path

from babel.dates import format_date, format_skeleton, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

from minutier.shared.pages.preferences import Language

# A space before such a sign, or behind the one that opens a quotation.
_SET_APART = re.compile(r" (?=[:;?!»%€])|(?<=«) ")

_MINUTE = 60
_HOUR = 3600


_FACTORS = {Language.ENGLISH: "#,##0.##%", Language.FRENCH: "#,##0.##\u00a0%"}


def catalog(language: Language, folders: Sequence[Path]) -> Catalog:
    """What the pages of all ``folders`` say, the first before the others.

    Read as it is written, so that nothing has to be compiled; English is what the templates say.
    """
    whole = Catalog(locale=language.value)
    for folder in reversed(folders):
        path = folder / "locales" / f"{language}.po"
        if path.is_file():
            with path.open("rb") as file:
                for message in read_po(file, locale=language.value):
                    whole[message.id] = message
    return whole


def translations(catalog: Catalog) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def module(catalog: Catalog) -> str:
    """The ES module of what scripts say; those messages are told by where they are used."""
    said = {
        message.id: message.string
        for message in catalog
        if isinstance(message.id, str) and any(place.endswith(".js") for place, _ in message.locations)
    }
    return f"export default {json.dumps(said, ensure_ascii=False)};\n"


@dataclass(frozen=True)
class Format:
    """Writes moments in ``zone``, and figures, as readers of ``language`` expect them."""

    language: Language
    zone: tzinfo

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def day(self, moment: datetime | date) -> str:
        text = format_date(self._date(moment), "full", locale=self._locale)
        return text[:1].upper() + text[1:]

    def short_day(self, moment: datetime | date) -> str:
        return format_date(self._date(moment), "medium", locale=self._locale)

    def weekday(self, moment: datetime) -> str:
        return format_date(self._date(moment), "EEE", locale=self._locale)

    def month(self, moment: datetime | date) -> str:
        text = format_skeleton("yMMMM", self._date(moment), locale=self._locale)
        return text[:1].upper() + text[1:]

    def time(self, moment: datetime) -> str:
        return format_time(self.local(moment), "short", tzinfo=self.zone, locale=self._locale)

    def moment(self, moment: datetime) -> str:
        return f"{self.short_day(moment)}, {self.time(moment)}"

    def length(self, seconds: float) -> str:
        """How long something is, no more exact than anybody wants to know."""
        whole = round(seconds)
        if whole < _MINUTE:
            return f"{whole} s"
        minutes = round(whole / _MINUTE)
        if minutes < _HOUR // _MINUTE:
            return f"{minutes} min"
        hours, minutes = divmod(minutes, _HOUR // _MINUTE)
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"

    def seconds(self, seconds: float) -> str:
        """What a stage took: short times matter here."""
        return f"{self.number(round(seconds, 1))} s" if seconds < _MINUTE else self.length(seconds)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self._locale)

    def percent(self, fraction: float) -> str:
        return format_percent(fraction, locale=self._locale)

    def factor(self, fraction: float) -> str:
        """As `percent`, and as exact for what is small."""
        return format_percent(fraction, _FACTORS[self.language], locale=self._locale)

    @property
    def _locale(self) -> str:
        # Dates in English are of this side of the Atlantic, and so are its clocks.
        return {Language.ENGLISH: "en_GB", Language.FRENCH: "fr"}[self.language]

    def _date(self, moment: datetime | date) -> date:
        return self.local(moment).date() if isinstance(moment, datetime) else moment


def fine(title: str) -> str:
    """``title`` with no line that begins with a sign which French sets apart by a space."""
    return _SET_APART.sub("\u00a0", title)


def clock(seconds: float) -> str:
    """A place in a recording: ``0:07``, ``12:30``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _HOUR // _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
