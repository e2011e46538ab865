"""Writes into the `fr.po` of folders of pages what they say, keeping what is translated.

Run `just messages`.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

_METHODS = [
    ("templates/**.html", "jinja2.ext:babel_extract"),
    ("static/**.js", "javascript"),
]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}


def said(folder: Path) -> Catalog:
    """All that the pages in ``folder`` say, in English, and which file says it."""
    catalog = Catalog(locale="en", fuzzy=False)
    found = extract_from_dir(folder, method_map=_METHODS, options_map=_OPTIONS)
    for file, _, message, _, context in found:
        # Lines would change with every edit.
        catalog.add(message, locations=[(file, 0)], context=context)
    return catalog


def french(folder: Path) -> Path:
    return folder / "locales" / "fr.po"


def updated(folder: Path) -> bytes:
    """The French catalog as it should be."""
    with french(folder).open("rb") as file:
        catalog = read_po(file, locale="fr")
    catalog.update(said(folder), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=110, omit_header=True, include_lineno=False, sort_output=True)
    return written.getvalue()


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        french(folder).write_bytes(updated(folder))
