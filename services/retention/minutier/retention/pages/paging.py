"""Lists that are longer than a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """Some of a list, and where it begins and goes on; ``older`` is none at its end."""

    items: tuple[T, ...]
    first: bool
    newest: str
    older: str | None


def listed(
    found: Sequence[T],
    most: int,
    path: str,
    *,
    after: object | None,
    place: Callable[[T], object],
    **kept: object | None,
) -> Listed[T]:
    """``found`` is one more than ``most`` where there are more; ``place`` is what goes as ``after``."""
    items = tuple(found[:most])
    more = len(found) > most
    return Listed(
        items,
        first=after is None,
        newest=address(path, **kept),
        older=address(path, **kept, after=place(items[-1])) if more else None,
    )


def address(path: str, **query: object | None) -> str:
    said = urlencode({name: str(value) for name, value in query.items() if value is not None})
    return f"{path}?{said}" if said else path
