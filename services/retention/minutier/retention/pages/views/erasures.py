"""Requests of persons to be erased, as pages show and take them."""

from collections.abc import Iterable
from dataclasses import dataclass

from minutier.retention.erasures.domain import Request, State
from minutier.retention.erasures.shown import NewRequest, ProposalAsked, RefusalAsked, RequestShown
from minutier.retention.pages.forms import Form, Unfit, understood
from minutier.schemas.clock import now
from minutier.shared.pages.phrases import Format


@dataclass(frozen=True)
class Waiting:
    """A request and its clock; ``open`` says that it is to be answered still."""

    request: RequestShown
    open: bool


def waiting(request: Request, format: Format) -> Waiting:
    """By the reader's day."""
    shown = RequestShown.of(request, today=format.local(now()).date())
    return Waiting(shown, open=shown.state in (State.RECEIVED, State.PROPOSED))


def by_urgency(requests: Iterable[Request], format: Format) -> tuple[Waiting, ...]:
    return tuple(sorted((waiting(each, format) for each in requests), key=lambda each: each.request.due_on))


def asked(form: Form, format: Format) -> NewRequest:
    """Raises `Unfit`."""
    body = form.body("recording_id", "reference", "received_on")
    if received := form.day("received_on", format.zone):
        if received.date() > format.local(now()).date():
            raise Unfit({"received_on": "in_future"})
        body["received_on"] = received.date()
    return understood(NewRequest, body)


def proposal_asked(form: Form) -> ProposalAsked:
    """Raises `Unfit`."""
    voices = form.texts.get("voices", ())
    if not voices:
        raise Unfit({"voices": "nobody_chosen"})
    return understood(ProposalAsked, {"voices": voices, **form.body("overlap")})


def refusal_asked(form: Form) -> RefusalAsked:
    """Raises `Unfit`."""
    return understood(RefusalAsked, form.body("ground", "explanation"))
