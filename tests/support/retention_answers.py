"""Answers as the retention service gives them, from memory, to the requests that it takes."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid5

from pydantic import BaseModel, ValidationError

from minutier.retention.holds.routes import HoldShown, NewHold, ReleaseAsked
from minutier.retention.policies.domain import Clock, Kind, Rule
from minutier.retention.policies.explain import Explanation
from minutier.retention.policies.schedule import phase, schedule
from minutier.retention.policies.shown import (
    DueShown,
    MonthShown,
    PolicyAsked,
    PolicyShown,
    RetentionShown,
    SimulationShown,
)
from tests.support.query_api import json_answer, problem
from tests.support.retention_policies import TAKEN_IN, default, facts, policy

OFFICER = "local/compliance"
BOARDS = policy("Boards", {Kind.MEDIA: Rule(Clock.FILE_CLOSED, 365, 3650)}, record_class="board")
DEFAULT = default()
_HOLDS = UUID("5f0d3a52-1f6c-5a53-9d1e-6f0f4f0c9a11")


@dataclass
class RetentionApi:
    """``recordings`` is what there is, none of which is of a class; ``page`` is how many holds one has."""

    recordings: list[str] = field(default_factory=list)
    held: list[HoldShown] = field(default_factory=list)
    covering: dict[str, list[UUID]] = field(default_factory=dict)
    simulated: list[tuple[PolicyAsked, dict[str, str]]] = field(default_factory=list)
    page: int = 2
    tokens: set[str] | None = None
    forbids: str | None = None
    url: str = ""

    def answer(
        self, target: str, body: bytes = b"", method: str = "GET", token: str | None = None
    ) -> tuple[int, str, str]:
        if self.tokens is not None and token not in self.tokens:
            return problem(401, "The token is not accepted: it has expired. Get a new one.")
        if self.forbids:
            return problem(403, self.forbids)
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        try:
            match method, parts.path.removeprefix("/api/v1/").split("/"):
                case "GET", ["policies"]:
                    return json_answer({"items": [_shown(PolicyShown.of(one)) for one in (DEFAULT, BOARDS)]})
                case "POST", ["simulations"]:
                    return self._simulate(PolicyAsked.model_validate_json(body), query)
                case "GET", ["recordings", id, "retention"] if id in self.recordings:
                    return json_answer(_shown(self._explained(id)))
                case "GET", ["holds"]:
                    return self._list(query)
                case "POST", ["holds"]:
                    return self._place(NewHold.model_validate_json(body))
                case "POST", ["holds", id, "release"]:
                    return self._release(id, ReleaseAsked.model_validate_json(body))
        except ValidationError as error:
            return problem(422, "; ".join(fault["msg"] for fault in error.errors()))
        return problem(404, "There is nothing so called in your organisation.")

    def _explained(self, id: str) -> RetentionShown:
        known = facts()
        decided = schedule([DEFAULT, BOARDS], known)
        phases = {kind: phase(decision, TAKEN_IN) for kind, decision in decided.items()}
        dispositions = {kind: decision.policy.disposition for kind, decision in decided.items()}
        explained = Explanation(known, decided, phases, dispositions)
        return RetentionShown.of(UUID(id), explained, self.covering.get(id, []))

    def _simulate(self, asked: PolicyAsked, query: dict[str, str]) -> tuple[int, str, str]:
        self.simulated.append((asked, query))
        due = DueShown(recording_id=UUID(self.recordings[0]), kind=Kind.MEDIA, due_at=TAKEN_IN)
        months = [MonthShown(month="2026-01", kind=Kind.ACCESS_LOG, count=17)]
        return json_answer(_shown(SimulationShown(recordings_seen=23, total=17, months=months, sample=[due])))

    def _list(self, query: dict[str, str]) -> tuple[int, str, str]:
        ids = [str(hold.id) for hold in self.held]
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        found = self.held[start : start + self.page]
        more = start + self.page < len(self.held)
        return json_answer(
            {"items": [_shown(hold) for hold in found], "next": str(found[-1].id) if more else None}
        )

    def _place(self, new: NewHold) -> tuple[int, str, str]:
        unknown = [each for each in map(str, new.recordings) if each not in self.recordings]
        if unknown:
            return problem(409, f"There are no such recordings in your organisation: {', '.join(unknown)}.")
        number = len(self.held)
        hold = HoldShown(
            **dict(new),
            id=uuid5(_HOLDS, str(number)),
            placed_by=OFFICER,
            placed_at=datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(days=number),
            released_by=None,
            released_at=None,
            release_reason=None,
            covered=len(new.recordings if new.search is None else self.recordings),
            unlocked=0,
        )
        self.held.append(hold)
        for covered in map(str, new.recordings) if new.search is None else self.recordings:
            self.covering.setdefault(covered, []).append(hold.id)
        return 201, *json_answer(_shown(hold))[1:]

    def _release(self, id: str, asked: ReleaseAsked) -> tuple[int, str, str]:
        for number, hold in enumerate(self.held):
            if str(hold.id) == id and hold.released_at is None:
                released = {"released_by": OFFICER, "released_at": TAKEN_IN, "release_reason": asked.reason}
                self.held[number] = hold.model_copy(update=released)
                return json_answer(_shown(self.held[number]))
        return problem(404, "There is no such hold in your organisation.")


def _shown(answer: BaseModel) -> Any:
    return json.loads(answer.model_dump_json())
