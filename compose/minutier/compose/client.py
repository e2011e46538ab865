"""What the command line asks of any service, and how a service that does not answer well is told of."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self
from uuid import UUID

import httpx

from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.tokens import Bearer

_SECONDS = httpx.Timeout(10.0)
_PAGE = 200
_PAGES = 500


class Unreachable(Failure):
    """The service does not answer."""

    status = Status.UNREACHABLE

    def __init__(self, service: str, url: str) -> None:
        super().__init__(f"The {service} service at {url} does not answer. See 'minutier status'.")


class Refused(Failure):
    """The service answers, but not with what was asked for."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"The {service} service could not answer: {reason}")


class NotAdmitted(WrongUsage):
    """The service does not know who asks."""

    def __init__(self, service: str, reason: str) -> None:
        token = f"MINUTIER_{service.upper()}_TOKEN"
        super().__init__(f"{reason} {token} is what the command shows to a service elsewhere.")


class Conflict(Failure):
    """Not as things are now; the text is what the service said."""


class Forbidden(Failure):
    """Whoever asks may not do this; the text is what the service said."""


class ReasonNeeded(WrongUsage):
    """Compliance staff read what is restricted by a reason alone."""

    def __init__(self) -> None:
        super().__init__(
            "This is restricted. Say why you read it with --reason: it is written into the access log."
        )


class Unacceptable(WrongUsage):
    """What was given is not of the form that the service takes; the text is what it said."""


class NotFound(Failure):
    """There is nothing with this id, or it has no such document yet; ``lists`` are the commands with ids."""

    def __init__(self, reason: str, lists: str) -> None:
        super().__init__(f"{reason} See {lists}.")


class Ambiguous(WrongUsage):
    """The id of more than one of ``what`` begins so."""

    def __init__(self, count: int, what: str) -> None:
        super().__init__(f"{count} {what}s begin so. Give more of the id.")


class Client:
    """A client of a service's HTTP API, which shows what ``token`` gives.

    Every call raises `Unreachable`, `NotAdmitted`, `Forbidden`, `NotFound`, `Conflict`, `Unacceptable`
    or `Refused`, or what ``token`` does.
    """

    SERVICE: ClassVar[str]
    LISTS: ClassVar[str]

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url
        try:
            self._client = httpx.AsyncClient(
                base_url=f"{url}/api/v1",
                timeout=_SECONDS,
                auth=Bearer(token),
                trust_env=False,
                # Reading the certificates takes a while, and only https has a use for them.
                verify=url.startswith("https:"),
            )
        except httpx.InvalidURL:
            raise Unreachable(self.SERVICE, url) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def _items(self, path: str, *, page: int = _PAGE) -> list[dict[str, Any]]:
        """Those of all pages, as the service orders them; ``page`` at a time."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            given = {"limit": str(page)} | ({"after": cursor} if cursor else {})
            document = await self._document(path, given)
            found += document["items"]
            cursor = document["next"]
            if cursor is None:
                break
        return found

    async def _document(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._read(await self._get(path, parameters))

    async def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> httpx.Response:
        return await self._send("GET", path, params=parameters)

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Unreachable(self.SERVICE, self._url) from None
        return self._checked(response)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            found: dict[str, Any] = response.json()
        except ValueError:
            raise Refused(self.SERVICE, f"{self._url} is no {self.SERVICE} service of Minutier.") from None
        return found

    def _checked(self, response: httpx.Response) -> httpx.Response:
        """Raises what the service's problem document (RFC 9457) says, where it answers with one."""
        if not response.is_error:
            return response
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Unreachable(self.SERVICE, self._url)
        try:
            problem = response.json()
            detail, reason = str(problem["detail"]), problem.get("reason")
        except (ValueError, KeyError, TypeError, AttributeError):
            detail, reason = f"HTTP status {response.status_code}.", None
        match response.status_code:
            case httpx.codes.UNAUTHORIZED:
                raise NotAdmitted(self.SERVICE, detail)
            case httpx.codes.FORBIDDEN if reason == "reason_needed":
                raise ReasonNeeded
            case httpx.codes.FORBIDDEN:
                raise Forbidden(detail)
            case httpx.codes.NOT_FOUND:
                raise NotFound(detail, self.LISTS)
            case httpx.codes.CONFLICT:
                raise Conflict(detail)
            case httpx.codes.UNPROCESSABLE_ENTITY:
                raise Unacceptable(detail)
            case _:
                raise Refused(self.SERVICE, detail)

    def _only(self, beginning: str, ids: Iterable[str], what: str) -> str:
        """The one id that begins so; raises `NotFound` or `Ambiguous`."""
        matches = [known for known in ids if known.startswith(beginning.lower())]
        if not matches:
            raise NotFound(f"There is no {what} with this id.", self.LISTS)
        if len(matches) > 1:
            raise Ambiguous(len(matches), what)
        return matches[0]


def full_id(id: str) -> str | None:
    """An id as services write it, where it was not cut."""
    try:
        return str(UUID(id))
    except ValueError:
        return None
