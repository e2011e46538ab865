"""Legal holds, as pages show and take them."""

from datetime import tzinfo

from minutier.retention.holds.routes import NewHold, ReleaseAsked
from minutier.retention.pages.forms import Form, Unfit, understood
from minutier.retention.pages.searches import search


def asked(form: Form, zone: tzinfo) -> NewHold:
    """Raises `Unfit`."""
    recordings, by_search = form.words("recordings"), form.has("by_search", "yes")
    if not recordings and not by_search:
        raise Unfit({"recordings": "nothing_named"})
    body = {**form.body("matter", "reason"), "recordings": recordings}
    return understood(NewHold, {**body, "search": search(form, zone)} if by_search else body)


def release_asked(form: Form) -> ReleaseAsked:
    """Raises `Unfit`."""
    return understood(ReleaseAsked, form.body("reason"))
