"""What a recording's endpoints begin with: finding it for who asks, or not."""

from http import HTTPStatus
from uuid import UUID

from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level, Seen
from minutier.query.access.reasons import HEADER, MOST_CHARACTERS
from minutier.query.ports import Recordings
from minutier.schemas.records import Kind
from minutier.shared.identity.domain import Person
from minutier.shared.problems import Refusal

REASON_NEEDED = "reason_needed"
UNKNOWN = "There is no recording with this id."
_UNREADABLE = "You may see how far this recording is, not what was said in it. Its owner may share it."
_RESTRICTED = "This is restricted: only compliance staff may read it now."
_SAY_WHY = (
    f"This is restricted. Say why you read it, as '{HEADER}', in 1 to {MOST_CHARACTERS} characters: it is "
    "written into the access log."
)
_REFUSALS = {
    Level.EDIT: "You may read this recording, not change it. Its owner may let you.",
    Level.OWN: "Only the owner of this recording may do this.",
}


class Door:
    """Opens a recording to those who have the level that an endpoint asks for."""

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    async def open(
        self, person: Person, id: UUID, level: Level, of: Kind | None = None, *, reason: str | None = None
    ) -> Seen:
        """``of`` is the kind of what is read, and ``reason`` why, where somebody says so.

        Answers 404 to whoever may not know of it, as where there is none, and where what it holds is asked
        for by who may not read it; 403 to who may do too little with it, and to compliance staff who do not
        say why they read what is restricted.
        """
        seen = await self._recordings.find(person, id, reason=reason)
        if seen is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, UNKNOWN)
        if of in seen.withheld:
            if seen.for_compliance:
                raise Refusal(HTTPStatus.FORBIDDEN, _SAY_WHY, REASON_NEEDED)
            raise HTTPException(HTTPStatus.NOT_FOUND, _RESTRICTED)
        if of in seen.restricted:
            return seen
        if Level.STATUS < level < Level.OWN and seen.level < Level.READ:
            raise HTTPException(HTTPStatus.NOT_FOUND, _UNREADABLE)
        if seen.level < level:
            raise HTTPException(HTTPStatus.FORBIDDEN, _REFUSALS[level])
        return seen
