"""The use case: finding out whether a log is what was written, by itself and by its anchors."""

from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from minutier.retention.audit.domain import NOTHING, Entry, Head
from minutier.retention.audit.ports import Anchored

# Hashing that many keeps the event loop for some hundredths of a second.
_BATCH = 250
# Of the anchors that a chain agrees with one that is ours is enough; it is looked for among the newest.
_OPENED = 10

# Entries with numbers above the first argument, in their order, at most as many as the second.
Read = Callable[[int, int], Awaitable[Sequence[Entry]]]
Trust = Callable[[Anchored], Awaitable[bool]]


class Walk(Protocol):
    """Along a log from its beginning, as long as it holds together."""

    @property
    def head(self) -> Head:
        """Of what was walked."""
        ...

    async def to(self, number: int | None) -> "State | None":
        """To an entry or, where there are fewer, to the end. What is wrong with the next one is told."""
        ...


class State(StrEnum):
    WHOLE = "whole"
    # As far as the chain can tell by itself: whoever can write to the database could have written all of it.
    UNANCHORED = "unanchored"
    # An entry, or the one before it, is not what was written.
    CHANGED = "changed"
    MISSING = "missing"
    # An anchor is for an entry behind the last one.
    CUT = "cut"
    # An anchor is for another entry of that number: the chain was written anew.
    FORKED = "forked"

    @property
    def sound(self) -> bool:
        """Whether nothing was found to be wrong."""
        return self in (State.WHOLE, State.UNANCHORED)


@dataclass(frozen=True)
class Integrity:
    """``entries`` hold together, and an anchor of ours is for the entry ``anchored``.

    ``number`` is that of the entry where something was found to be wrong; of a chain that is forked it may
    have been wrong since an earlier one. ``ignored`` anchors were found not to be ours.
    """

    state: State
    entries: int
    anchored: int = 0
    number: int | None = None
    ignored: int = 0


async def verify(walk: Walk, anchors: AsyncIterable[Anchored], trusted: Trust) -> Integrity:
    """Ends at the first thing that is wrong. ``anchors`` come by number; entries may be added meanwhile.

    Raises what reading raises. Memory is bounded.
    """
    agreeing: deque[Anchored] = deque(maxlen=_OPENED)
    ignored = 0
    async for anchor in anchors:
        if wrong := await walk.to(anchor.number):
            return Integrity(wrong, walk.head.number, number=walk.head.number + 1, ignored=ignored)
        if (anchor.number, anchor.hash) == (walk.head.number, walk.head.hash):
            agreeing.append(anchor)
        elif not await trusted(anchor):
            ignored += 1
        elif anchor.number > walk.head.number:
            return Integrity(State.CUT, walk.head.number, anchor.number, walk.head.number + 1, ignored)
        else:
            return Integrity(State.FORKED, anchor.number - 1, anchor.number, anchor.number, ignored)
    if wrong := await walk.to(None):
        return Integrity(wrong, walk.head.number, number=walk.head.number + 1, ignored=ignored)
    for anchor in reversed(agreeing):
        if await trusted(anchor):
            return Integrity(State.WHOLE, walk.head.number, anchor.number, ignored=ignored)
        ignored += 1
    return Integrity(State.UNANCHORED if walk.head.number else State.WHOLE, walk.head.number, ignored=ignored)


class Chain:
    """Along the audit log; what has come since is found by asking once more."""

    def __init__(self, read: Read) -> None:
        self._head = NOTHING
        self._read = read
        self._waiting: deque[Entry] = deque()

    @property
    def head(self) -> Head:
        return self._head

    async def to(self, number: int | None) -> State | None:
        while number is None or self._head.number < number:
            if not self._waiting:
                self._waiting.extend(await self._read(self._head.number, _BATCH))
            if not self._waiting:
                return None
            entry = self._waiting.popleft()
            if entry.number != self._head.number + 1:
                return State.MISSING
            if not entry.follows(self._head):
                return State.CHANGED
            self._head = entry.head
        return None
