"""Writes into `fr.po` what templates and scripts say, keeping what is translated. Run `just messages`."""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PAGES = Path(__file__).parent
FRENCH = PAGES / "locales" / "fr.po"

_METHODS = [
    ("templates/**.html", "jinja2.ext:babel_extract"),
    ("static/**.js", "javascript"),
]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}


def said() -> Catalog:
    """All that the pages say, in English, and which file says it."""
    catalog = Catalog(locale="en", fuzzy=False)
    found = extract_from_dir(PAGES, method_map=_METHODS, options_map=_OPTIONS)
    for file, _, message, _, context in found:
        # Lines would change with every edit.
        catalog.add(message, locations=[(file, 0)], context=context)
    return catalog


def updated() -> bytes:
    """The French catalog as it should be."""
    with FRENCH.open("rb") as file:
        catalog = read_po(file, locale="fr")
    catalog.update(said(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=110, omit_header=True, include_lineno=False, sort_output=True)
    return written.getvalue()


if __name__ == "__main__":
    FRENCH.write_bytes(updated())
    sys.exit(0)
