"""What the pages of retention say of everything that they may have to show or to refuse."""

import ast
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from minutier.retention import pages
from minutier.retention.audit.domain import Action, Thing
from minutier.retention.audit.verify import State as Integrity
from minutier.retention.erasures.domain import Ground
from minutier.retention.erasures.domain import State as Request
from minutier.retention.pages import forms
from minutier.retention.pages.forms import Form, Unfit, number, understood
from minutier.retention.pages.look import LOOK
from minutier.retention.pages.views import policies as views
from minutier.retention.policies.domain import Clock, Criterion, Disposition, Kind
from minutier.retention.policies.schedule import Due, Phase, StartReason, Verdict
from minutier.retention.policies.shown import Classification
from minutier.retention.policies.simulate import Month, Simulation
from minutier.retention.purges.domain import ItemState, Reason, State
from minutier.schemas.records import Cause, Overlap
from minutier.shared.pages.preferences import Language
from tests.support.retention_policies import TAKEN_IN, TENANT, default, policy

FOLDER = Path(pages.__file__).parent
SERVICE = FOLDER.parent

WORDS: Mapping[str, type[StrEnum]] = {
    "kinds": Kind,
    "clocks": Clock,
    "dispositions": Disposition,
    "phases": Phase,
    "verdicts": Verdict,
    "starts": StartReason,
    "criteria": Criterion,
    "purge_states": State,
    "purge_icons": State,
    "causes": Cause,
    "request_states": Request,
    "request_icons": Request,
    "grounds": Ground,
    "overlaps": Overlap,
    "overlap_hints": Overlap,
    "item_states": ItemState,
    "item_reasons": Reason,
    "actions": Action,
    "things": Thing,
    "integrities": Integrity,
}


def words(template: str, name: str) -> Mapping[str, str]:
    module = LOOK.environment(Language.ENGLISH).get_template(template).module
    said: Mapping[str, str] = getattr(module, name)
    return said


@pytest.mark.parametrize("name", WORDS)
def test_there_is_a_word_for_everything_that_is_shown(name: str) -> None:
    assert set(WORDS[name]) - set(words("terms.html", name)) == set()


def test_whatever_is_refused_is_told_in_the_words_of_the_pages() -> None:
    reasons = {
        reason
        for part in ("policies", "holds", "purges", "erasures")
        for reason in (
            *_said(SERVICE / part / "routes.py", "Refusal", 2),
            *_said(SERVICE / part / "routes.py", "_refuse", 0),
        )
    }
    assert len(reasons) > 10
    assert reasons - set(words("forms.html", "refusals")) == set()


def test_whatever_cannot_be_is_told_in_the_words_of_the_pages() -> None:
    faults = {
        fault
        for file in FOLDER.rglob("*.py")
        for call in _calls(file, "Unfit")
        for given in call.args
        if isinstance(given, ast.Dict)
        for fault in map(_constant, given.values)
    }
    assert faults - set(words("forms.html", "faults")) == set()
    assert set(forms._CODES.values()) - set(words("forms.html", "faults")) == set()


def test_what_was_left_empty_is_not_sent() -> None:
    form = Form.of(name=" Boards ", **{"scope.source": "livekit", "scope.label": " "})
    assert form.body("name", "scope.source", "scope.label", "scope.record_class") == {
        "name": "Boards",
        "scope": {"source": "livekit"},
    }
    assert (number("10"), number("1e3"), number("-1"), number("٣")) == (10, "1e3", "-1", "٣")


def test_faults_are_those_of_fields() -> None:
    with pytest.raises(Unfit) as unfit:
        understood(Classification, {"record_class": "a" * 65, "labels": ["", "b"]})
    assert unfit.value.faults == {"record_class": "too_long", "labels": "missing"}


def test_a_form_is_filled_with_the_version_that_is_changed() -> None:
    known = policy("Boards", 30, intermediate=5, source="livekit", version=3)
    draft = views.Draft(known.id, 4, False, known)
    asked = views.asked(views.form_of(draft), default=False)
    assert asked.policy(known.id, 3, tenant=TENANT) == known
    of_default = default()
    draft = views.Draft(of_default.id, 2, True, of_default)
    asked = views.asked(views.form_of(draft), default=True)
    assert asked.policy(of_default.id, 1, tenant=TENANT) == of_default


def test_a_simulation_is_shown_by_month_and_kind() -> None:
    known = policy()
    counts = {
        (Month(2026, 2), Kind.MEDIA): 2,
        (Month(2026, 1), Kind.MINUTES): 3,
        (Month(2026, 1), Kind.MEDIA): 1,
    }
    due = Due(known.id, Kind.MEDIA, TAKEN_IN, known.id, 1)
    found = views.simulated(Simulation(9, counts, (due, due)))
    assert found.kinds == (Kind.MEDIA, Kind.MINUTES)
    assert [(f"{month.first:%Y-%m}", month.counts) for month in found.months] == [
        ("2026-01", (1, 3)),
        ("2026-02", (2, 0)),
    ]
    assert (found.seen, found.total, found.totals, found.sample) == (9, 6, (3, 3), (known.id,))


def _said(file: Path, function: str, place: int) -> Iterable[str]:
    for call in _calls(file, function):
        if len(call.args) > place and isinstance(call.args[place], ast.Constant):
            yield _constant(call.args[place])


def _calls(file: Path, function: str) -> Iterable[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node


def _constant(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, str)
    return node.value
