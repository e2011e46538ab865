"""Purges, as pages show and take them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from minutier.retention.pages.forms import Form, Unfit, understood
from minutier.retention.pages.searches import search
from minutier.retention.policies.domain import Kind
from minutier.retention.purges.domain import Item, ItemState, State
from minutier.retention.purges.shown import (
    ApprovalAsked,
    InventoryShown,
    ItemShown,
    NewPurge,
    PurgeShown,
    TotalShown,
    VersionShown,
)

# Of one recording; the API names all of them.
_MOST_VERSIONS = 200

_ENDS = (ItemState.DESTROYED, ItemState.DROPPED, ItemState.STOPPED)
_OPEN = (State.COUNTING, State.PREVIEWED, State.APPROVED, State.EXECUTING)


def blank(recordings: str) -> Form:
    """Of a list, and of all kinds."""
    return Form({"by": ("list",), "kinds": tuple(Kind), "recordings": (recordings,)})


def asked(form: Form, zone: tzinfo) -> NewPurge:
    """Raises `Unfit`."""
    cause = "query" if form.has("by", "query") else "list"
    body: dict[str, Any] = {"cause": cause, "kinds": form.texts.get("kinds", ())}
    for name in ("reason", "legal_basis"):
        body[name] = form.text(name).strip()
    if cause == "query":
        body["search"] = search(form, zone)
    elif recordings := form.words("recordings"):
        body["recordings"] = recordings
    else:
        raise Unfit({"recordings": "missing"})
    return understood(NewPurge, body)


def approval_asked(form: Form) -> ApprovalAsked:
    """Raises `Unfit`."""
    visa = form.text("visa").strip()
    if visa and not visa.isprintable():
        raise Unfit({"visa": "one_line"})
    return understood(ApprovalAsked, form.body("inventory", "visa"))


@dataclass(frozen=True)
class Progress:
    """How far a purge is: ``done`` of ``of`` recordings in the step that it is in."""

    purge: PurgeShown
    open: bool
    done: int
    of: int
    destroyed: int
    fallen: int


def progress(purge: PurgeShown) -> Progress:
    counts: Mapping[ItemState, int] = {
        state: sum(total.recordings for total in purge.totals if total.state is state) for state in ItemState
    }
    every = sum(counts.values())
    ended = sum(counts[state] for state in _ENDS)
    return Progress(
        purge,
        open=purge.state in _OPEN,
        done=every - counts[ItemState.LISTED] if purge.state is State.COUNTING else ended,
        of=every,
        destroyed=counts[ItemState.DESTROYED],
        fallen=counts[ItemState.DROPPED] + counts[ItemState.STOPPED],
    )


@dataclass(frozen=True)
class Listed:
    """A recording in a purge; ``versions`` are the first of its inventory, which has ``more`` of them."""

    item: ItemShown
    inventory: InventoryShown | None
    versions: tuple[VersionShown, ...]
    more: int
    bytes: int


def items(found: Sequence[Item]) -> tuple[Listed, ...]:
    return tuple(map(_listed, found))


def _listed(item: Item) -> Listed:
    shown = ItemShown.of(item)
    versions = shown.inventory.versions if shown.inventory else []
    return Listed(
        shown,
        shown.inventory,
        tuple(versions[:_MOST_VERSIONS]),
        max(0, len(versions) - _MOST_VERSIONS),
        item.inventory.bytes if item.inventory else 0,
    )


def whole(totals: Sequence[TotalShown]) -> TotalShown | None:
    """What is to be destroyed, or is: all that has not fallen out."""
    kept = [total for total in totals if total.state not in (ItemState.DROPPED, ItemState.STOPPED)]
    if not kept:
        return None
    return TotalShown(
        state=kept[0].state,
        reason=None,
        recordings=sum(total.recordings for total in kept),
        versions=sum(total.versions for total in kept),
        rows=sum(total.rows for total in kept),
        messages=sum(total.messages for total in kept),
        bytes=sum(total.bytes for total in kept),
    )
