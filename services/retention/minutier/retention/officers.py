"""Who may do anything here: compliance staff, in their own organisation."""

from http import HTTPStatus
from typing import Any

from fastapi import Depends
from starlette.exceptions import HTTPException

from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import Gate


def officer(gate: Gate, *, costly: bool = False) -> Any:
    """The dependency that gives who asks; answers 403 to others than compliance staff.

    Of what is ``costly`` there may be less.
    """
    admitted: Any = Depends(gate.searcher if costly else gate.person)

    async def asking(person: Person = admitted) -> Person:
        if Role.COMPLIANCE not in person.roles:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only compliance staff may do this.")
        return person

    return Depends(asking)
