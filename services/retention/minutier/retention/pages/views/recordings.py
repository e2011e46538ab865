"""What is said of a recording by forms."""

from datetime import tzinfo

from minutier.retention.pages.forms import Form, Unfit, understood
from minutier.retention.policies.domain import MOST_LABELS
from minutier.retention.policies.shown import Classification, Closure, RetentionShown


def form_of(shown: RetentionShown) -> Form:
    return Form.of(record_class=shown.record_class or "", labels="\n".join(shown.labels))


def classification_asked(form: Form) -> Classification:
    """Raises `Unfit`."""
    labels = form.lines("labels")
    for name, texts in (("labels", labels), ("record_class", [form.text("record_class").strip()])):
        if not all(text.isprintable() for text in texts):
            raise Unfit({name: "unprintable"})
    if len(set(labels)) > MOST_LABELS:
        raise Unfit({"labels": "too_many_labels"})
    return understood(Classification, {**form.body("record_class"), "labels": labels})


def closure_asked(form: Form, zone: tzinfo) -> Closure:
    """As of the beginning of a day. Raises `Unfit`."""
    closed_at = form.day("closed_at", zone)
    if closed_at is None:
        raise Unfit({"closed_at": "missing"})
    return understood(Closure, {"closed_at": closed_at.isoformat()})
