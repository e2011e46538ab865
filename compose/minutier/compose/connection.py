"""Where the system that the command line talks to is: named by the environment, or embedded."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minutier.compose.directory import DataDirectory, State, default_path
from minutier.compose.failures import Failure, Status, WrongUsage

if TYPE_CHECKING:
    from minutier.compose.api import Api
    from minutier.shared.settings import NatsSettings, ObjectSettings


class NotRunning(Failure):
    """There is no system to talk to; the text says how to start one."""

    status = Status.UNREACHABLE


class StillStarting(NotRunning):
    """The system will be there in a moment."""


@dataclass(frozen=True)
class Connection:
    """An embedded system has a ``directory`` and the ``state`` that its supervisor wrote there."""

    query_url: str
    directory: DataDirectory | None = None
    state: State | None = None

    def api(self, tenant: str | None = None) -> "Api":
        """A client of query: as the embedded participant, or with the token that the environment has.

        The participant is an operator as well, of ``tenant`` or else of the usual one; a token is of its own.
        """
        from minutier.compose.api import Api
        from minutier.compose.people import PARTICIPANT
        from minutier.compose.tokens import token_of_environment

        if self.directory is None:
            return Api(self.query_url, token_of_environment)
        return Api(self.query_url, lambda: self.token(PARTICIPANT.subject, tenant, operator=True))

    def token(self, person: str, tenant: str | None = None, *, operator: bool = False) -> str:
        """One for query, of somebody whom the local sign-in knows. Raises `NoToken` or `WrongUsage`."""
        from minutier.compose.people import TENANT
        from minutier.compose.tokens import local_token

        if self.directory is None or self.state is None:
            raise WrongUsage("Tokens for MINUTIER_QUERY_URL come from its identity provider.")
        secret = self.directory.credentials(()).signin_secret
        url = f"http://127.0.0.1:{self.state.processes['signin'].ports['http']}"
        return local_token(url, secret, person=person, tenant=tenant or TENANT, operator=operator)

    @property
    def nats(self) -> "NatsSettings":
        """The embedded server's, else what the environment says."""
        from minutier.shared.settings import NatsSettings

        if self.directory is None or self.state is None:
            return NatsSettings()
        return self.directory.credentials(()).nats(self.state.processes["nats"].ports)

    @property
    def objects(self) -> "ObjectSettings":
        """The embedded store's, else what the environment says."""
        from minutier.shared.settings import ObjectSettings

        if self.directory is None or self.state is None:
            return ObjectSettings()
        return self.directory.credentials(()).objects(self.state.processes["s3"].ports)


def data_directory(option: Path | None) -> DataDirectory:
    """The option's, else MINUTIER_DATA_DIR's, else the default."""
    named = os.environ.get("MINUTIER_DATA_DIR")
    return DataDirectory(option or (Path(named) if named else default_path()))


def elsewhere() -> Connection | None:
    """A system whose servers the environment names."""
    url = os.environ.get("MINUTIER_QUERY_URL")
    return Connection(url.rstrip("/")) if url else None


def find(option: Path | None) -> Connection:
    """Raises `NotRunning`."""
    return elsewhere() or embedded(data_directory(option))


def reading(option: Path | None, tenant: str | None) -> "Api":
    """A client for what there is of a tenant. Raises `NotRunning` or `WrongUsage`."""
    connection = find(option)
    if tenant is not None and connection.directory is None:
        raise WrongUsage("The token in MINUTIER_QUERY_TOKEN says whose recordings there are. Leave --tenant.")
    return connection.api(tenant)


def embedded(directory: DataDirectory) -> Connection:
    """The system that runs in ``directory``. Raises `NotRunning`."""
    state = directory.read_state() if directory.locked_by else None
    if state is None:
        raise NotRunning(
            f"Minutier is not running in {directory.path}. Start it with 'minutier up', or set "
            "MINUTIER_QUERY_URL to the address of a query service elsewhere."
        )
    if not state.ready:
        raise StillStarting(f"Minutier is still starting in {directory.path}. Try again in a few seconds.")
    query = state.processes.get("query")
    if query is None:
        raise NotRunning("The query service is not part of what runs. Start all of it with 'minutier up'.")
    return Connection(f"http://127.0.0.1:{query.ports['http']}", directory, state)
