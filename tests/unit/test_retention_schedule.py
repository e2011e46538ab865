"""Which rule wins for a recording, since when it counts, and what is said of the others."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.retention.policies.domain import (
    LONGEST_BEFORE_INGESTION,
    Clock,
    Criterion,
    Disposition,
    Facts,
    Kind,
    Policy,
    Rule,
    Scope,
    Tenant,
    Told,
    default_policy,
    learn,
)
from minutier.retention.policies.schedule import (
    Considered,
    Decision,
    Phase,
    StartReason,
    Verdict,
    phase,
    schedule,
    start,
)
from tests.support.retention_policies import (
    TAKEN_IN,
    TENANT,
    default,
    facts,
    moments,
    near,
    policies,
    policy,
    recordings,
    rules,
    sources,
    taken_in,
)

DAY = timedelta(days=1)
NEVER = datetime.max.replace(tzinfo=UTC)
WINNING = {Verdict.ONLY, Verdict.LONGEST, Verdict.NOT_STARTED, Verdict.TIE_WON, Verdict.DEFAULT}


def end(decision: Decision) -> datetime:
    return decision.due_at or NEVER


def media(some: list[Policy], about: Facts) -> Decision:
    return schedule(some, about)[Kind.MEDIA]


def verdicts(decision: Decision) -> dict[str, Verdict]:
    return {one.policy.name: one.verdict for one in decision.considered}


def applies(one: Policy, about: Facts, kind: Kind) -> bool:
    """The specification, in its own words."""
    scope = one.scope
    return (
        kind in one.rules
        and scope.tenant == about.tenant
        and (scope.source is None or about.source is None or scope.source == about.source)
        and (scope.record_class is None or scope.record_class == about.record_class)
        and (scope.label is None or scope.label in about.labels)
    )


@given(policies(), recordings())
def test_the_longest_rule_that_applies_wins(some: list[Policy], about: Facts) -> None:
    decided = schedule(some, about)
    assert set(decided) == about.kinds
    for kind, decision in decided.items():
        named = [one for one in some[1:] if applies(one, about, kind)]
        competing = named or some[:1]
        assert decision.policy in competing
        for one in competing:
            at = start(one.rules[kind].clock, about).at
            assert end(decision) >= (NEVER if at is None else at + one.rules[kind].days * DAY)


@given(policies(), recordings(), st.data())
def test_another_policy_never_shortens_what_a_policy_keeps(
    some: list[Policy], about: Facts, data: st.DataObject
) -> None:
    left = data.draw(
        st.lists(st.sampled_from(some), unique_by=lambda one: one.id).map(lambda s: [*s, some[0]])
    )
    left = list({one.id: one for one in left}.values())
    fewer, all_of_them = schedule(left, about), schedule(some, about)
    for kind, decision in fewer.items():
        if not decision.policy.is_default:
            assert end(all_of_them[kind]) >= end(decision)


@given(policies(), recordings(), st.randoms())
def test_the_order_of_policies_changes_nothing(some: list[Policy], about: Facts, random: Random) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert schedule(some, about) == schedule(shuffled, about)


@given(policies(), recordings())
def test_the_explanation_tells_of_every_policy_and_agrees_with_the_dates(
    some: list[Policy], about: Facts
) -> None:
    for kind, decision in schedule(some, about).items():
        assert sorted(one.policy.id for one in decision.considered) == sorted(one.id for one in some)
        first, *others = decision.considered
        assert (first.policy, first.term) == (decision.policy, decision.term)
        assert first.verdict in WINNING
        assert not {one.verdict for one in others} & WINNING
        ends = [one.term.due_at or NEVER for one in decision.considered if one.term]
        named = ends[:-1] if decision.considered[len(ends) - 1].policy.is_default else ends
        assert named == sorted(named, reverse=True)
        for one in decision.considered:
            assert (one.term is not None) == applies(one.policy, about, kind)
            assert bool(one.unmet) == (one.verdict is Verdict.OUT_OF_SCOPE)
            assert (one.verdict in (Verdict.SHORTER, Verdict.TIE_LOST)) == (
                one.term is not None and one is not first and not one.policy.is_default
            )


@given(recordings(), rules)
def test_no_clock_starts_long_before_ingestion_whatever_servers_tell(about: Facts, rule: Rule) -> None:
    assert about.ingested_at
    at = start(rule.clock, about).at
    if rule.clock is Clock.FILE_CLOSED:
        assert at == (about.closed_at and max(about.closed_at, about.ingested_at))
    else:
        assert at is not None
        assert about.ingested_at - LONGEST_BEFORE_INGESTION <= at <= about.ingested_at


@given(taken_in, moments | near)
def test_a_time_that_cannot_be_is_as_good_as_none(ingested_at: datetime, told: datetime) -> None:
    began = start(Clock.MEETING, facts(ingested_at=ingested_at, met_at=told))
    if ingested_at - 30 * DAY <= told <= ingested_at:
        assert (began.at, began.reason) == (told, StartReason.AS_TOLD)
    else:
        assert began.at == ingested_at
        assert began.reason is (
            StartReason.MEETING_AFTER_INGESTION
            if told > ingested_at
            else StartReason.MEETING_LONG_BEFORE_INGESTION
        )


def test_a_meeting_whose_time_nobody_told_counts_from_ingestion() -> None:
    decision = media([default(), policy(days=30, clock=Clock.MEETING)], facts())
    assert decision.due_at == TAKEN_IN + 30 * DAY
    assert decision.term.start.reason is StartReason.MEETING_UNKNOWN


def test_a_clock_that_waits_for_the_file_outlasts_every_date() -> None:
    some = [default(), policy("Long", 36500), policy("File", 1, clock=Clock.FILE_CLOSED)]
    waiting = media(some, facts())
    assert waiting.due_at is waiting.restricted_at is None
    assert verdicts(waiting)["File"] is Verdict.NOT_STARTED
    assert phase(waiting, TAKEN_IN + 40000 * DAY) is Phase.CURRENT
    closed = media(some, facts(closed_at=TAKEN_IN + 100 * DAY))
    assert closed.policy.name == "Long"
    assert verdicts(closed)["File"] is Verdict.SHORTER


def test_of_two_clocks_that_wait_the_one_with_more_days_wins() -> None:
    shorter, longer = policy("A", 10, clock=Clock.FILE_CLOSED), policy("B", 20, clock=Clock.FILE_CLOSED)
    for some in ([default(), shorter, longer], [longer, shorter, default()]):
        assert media(some, facts()).policy == longer


def test_a_file_that_was_closed_before_counts_from_ingestion() -> None:
    decision = media([default(), policy(clock=Clock.FILE_CLOSED)], facts(closed_at=TAKEN_IN - 900 * DAY))
    assert decision.due_at == TAKEN_IN + 30 * DAY
    assert decision.term.start.reason is StartReason.CLOSED_BEFORE_INGESTION


@pytest.mark.parametrize("kind", Kind)
def test_an_access_log_that_begins_anew_counts_from_then(kind: Kind) -> None:
    anew = TAKEN_IN + 100 * DAY
    rules = dict.fromkeys(Kind, Rule(Clock.FILE_CLOSED, 30, 5))
    some = [default(), policy("File", rules)]
    closed = facts(closed_at=TAKEN_IN, accesses_since=anew)
    decision = schedule(some, closed)[kind]
    short = schedule([default_policy(TENANT, dict.fromkeys(Kind, 10))], closed)[kind]
    if kind is Kind.ACCESS_LOG:
        assert (short.due_at, decision.policy.name) == (anew + 10 * DAY, "File")
        assert (decision.restricted_at, decision.due_at) == (anew + 30 * DAY, anew + 35 * DAY)
        assert decision.term.start.reason is StartReason.ACCESS_LOG_DESTROYED
    else:
        assert short.due_at == TAKEN_IN + 10 * DAY
    waiting = schedule(some, facts(accesses_since=anew))[kind]
    assert (waiting.due_at, waiting.term.start.reason) == (None, StartReason.FILE_OPEN)
    later = schedule(some, facts(closed_at=anew + DAY, accesses_since=anew))[kind]
    assert later.due_at == anew + 36 * DAY


def test_phases_follow_one_another() -> None:
    decision = media([default(), policy(days=30, intermediate=60)], facts())
    seen = [phase(decision, TAKEN_IN + days * DAY) for days in (0, 29, 30, 89, 90, 4000)]
    assert seen == [
        Phase.CURRENT,
        Phase.CURRENT,
        Phase.INTERMEDIATE,
        Phase.INTERMEDIATE,
        Phase.DUE,
        Phase.DUE,
    ]


@given(policies(), recordings(), near)
def test_a_phase_is_never_left_for_an_earlier_one(some: list[Policy], about: Facts, now: datetime) -> None:
    order = list(Phase)
    for decision in schedule(some, about).values():
        places = [order.index(phase(decision, now + days * DAY)) for days in (0, 1, 50, 400, 600)]
        assert places == sorted(places)


def test_equally_long_rules_have_one_winner_that_asks_the_archives_if_any_does() -> None:
    destroying = [policy(name, 30) for name in "ABC"]
    asking = policy("D", 30, disposition=Disposition.PROPOSE)
    decision = media([default(), *destroying, asking], facts())
    assert decision.policy == asking
    assert verdicts(decision) == {
        "D": Verdict.TIE_WON,
        "A": Verdict.TIE_LOST,
        "B": Verdict.TIE_LOST,
        "C": Verdict.TIE_LOST,
        "Default": Verdict.DEFAULT_NOT_NEEDED,
    }


def test_the_default_is_for_kinds_that_no_policy_has_a_rule_for() -> None:
    some = [default(), policy("Staff", {Kind.MEDIA: Rule(Clock.INGESTION, 10)}, record_class="staff")]
    decided = schedule(some, facts(record_class="staff"))
    assert {kind: (end(decision) - TAKEN_IN).days for kind, decision in decided.items()} == {
        Kind.MEDIA: 10,
        Kind.TRANSCRIPT: 365,
        Kind.MINUTES: 365,
        Kind.ACCESS_LOG: 365,
    }
    assert verdicts(decided[Kind.MINUTES]) == {"Default": Verdict.DEFAULT, "Staff": Verdict.NO_RULE}
    assert media(some, facts()).considered[1] == Considered(
        some[1], Verdict.OUT_OF_SCOPE, unmet=(Criterion.CLASS,)
    )


def test_everything_that_a_scope_names_has_to_hold() -> None:
    scoped = policy("Budget", 3000, source="livekit", record_class="board", label="budget")
    there = facts(record_class="board", labels=frozenset({"budget", "2026"}))
    assert media([default(), scoped], there).policy == scoped
    elsewhere = Facts("other", "visio", "staff", ingested_at=TAKEN_IN, kinds=frozenset(Kind))
    assert scoped.scope.unmet(elsewhere) == tuple(Criterion)


def test_a_source_that_is_unknown_may_be_any_and_that_is_said() -> None:
    scoped = policy("Visio", 3000, source="visio")
    decision = media([default(), scoped], facts(source=None))
    assert decision.policy == scoped
    assert decision.considered[0].presumed == (Criterion.SOURCE,)
    assert media([default(), scoped], facts(source="livekit")).policy.is_default


def test_what_was_withdrawn_decides_nothing() -> None:
    decision = media([default(), policy(days=3000, withdrawn=True)], facts())
    assert verdicts(decision) == {"Default": Verdict.DEFAULT}


def test_nothing_is_without_a_default() -> None:
    with pytest.raises(ValueError, match="lack the tenant's default"):
        schedule([policy()], facts())


def test_a_text_has_no_media_that_could_be_due() -> None:
    assert set(schedule([default()], facts(kinds=frozenset({Kind.MINUTES})))) == {Kind.MINUTES}
    assert schedule([default()], Facts(TENANT)) == {}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York"])
def test_a_day_has_24_hours_where_clocks_change_and_in_leap_years(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for taken in (datetime(2026, 3, 28, 1, 30, tzinfo=UTC), datetime(2028, 2, 28, 23, tzinfo=UTC)):
            decision = media([default(media=2)], facts(ingested_at=taken))
            assert end(decision) - taken == timedelta(hours=48)
            assert end(decision).utcoffset() == timedelta(0)
    finally:
        monkeypatch.undo()
        time.tzset()


told = st.builds(
    Told,
    source=st.none() | sources,
    met_at=st.none() | near,
    ingested_at=near,
    kinds=st.frozensets(st.sampled_from(Kind), min_size=1),
) | st.builds(Told, met_at=st.none() | near)


@given(st.lists(told, max_size=4), st.randoms())
def test_what_is_told_may_come_in_any_order_and_twice(tellings: list[Told], random: Random) -> None:
    again = [*tellings, *tellings[:2]]
    random.shuffle(again)
    one = other = Facts(TENANT)
    for telling in tellings:
        one = learn(one, telling)
    for telling in again:
        other = learn(other, telling)
    assert one == other


def test_a_public_body_proposes_whatever_a_policy_says() -> None:
    destroying = policy(disposition=Disposition.DESTROY)
    for public_body, expected in ((True, Disposition.PROPOSE), (False, Disposition.DESTROY)):
        assert Tenant(TENANT, public_body, 1, (default(),)).disposition(destroying) is expected


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Rule(Clock.MEETING, 0), "at least one day"),
        (lambda: Rule(Clock.MEETING, 1, -1), "has days, or none"),
        (lambda: Rule(Clock.MEETING, 36500, 1), "at most 36500 days"),
        (lambda: policy(" "), "name of 1 to 200"),
        (lambda: policy(days={}), "rule for one kind"),
        (lambda: policy(version=0), "first version"),
        (lambda: policy(label=" budget"), "a label is 1 to 64"),
        (lambda: policy(record_class=""), "a class is 1 to 64"),
        (lambda: facts(labels=frozenset(map(str, range(21)))), "at most 20 labels"),
        (lambda: facts(labels=frozenset({"a\nb"})), "printable"),
        (lambda: facts(ingested_at=None), "give ingested_at"),
        (lambda: replaced(withdrawn=True), "cannot be withdrawn"),
        (lambda: replaced(scope=Scope(TENANT, source="visio")), "for every recording"),
        (lambda: replaced(rules={Kind.MEDIA: Rule(Clock.MEETING, 1)}), "for each kind"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wrong()


def replaced(**changed: Any) -> Policy:
    return replace(default(), **changed)


def test_defaults_are_known_by_their_tenant() -> None:
    assert default("one").id != default("two").id
    assert default().is_default
    assert not policy().is_default
