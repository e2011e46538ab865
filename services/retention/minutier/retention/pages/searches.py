"""What a form has of a search, as the API takes it."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from minutier.retention.pages.forms import Form, Unfit

_NAMES = ("search.source", "search.record_class", "search.label")


def search(form: Form, zone: tzinfo) -> Mapping[str, Any]:
    """Days are the reader's, the last included. Raises `Unfit`."""
    since, before = form.day("search.met_since", zone), form.day("search.met_before", zone, after=1)
    if since and before and since >= before:
        raise Unfit({"search.met_before": "order"})
    times = {"met_since": since, "met_before": before}
    named: Mapping[str, Any] = form.body(*_NAMES).get("search", {})
    return {**named, **{name: at.isoformat() for name, at in times.items() if at}}
