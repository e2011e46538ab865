"""Texts as they are compared: without case and accents."""

import unicodedata


def fold(text: str) -> str:
    """``text`` in small letters without marks: ``Élysée`` and ``elysee`` are the same."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()
