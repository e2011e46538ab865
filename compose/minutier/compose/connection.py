"""Where the system that the command line talks to is: named by the environment, or embedded."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minutier.compose.directory import DataDirectory, State, default_path
from minutier.compose.failures import Failure, Status, WrongUsage

if TYPE_CHECKING:
    from minutier.compose.api import Api
    from minutier.compose.compaction import Servers
    from minutier.compose.erasures import Erasures
    from minutier.compose.purges import Purges
    from minutier.compose.records import Records
    from minutier.compose.retention import Retention
    from minutier.shared.settings import NatsSettings, ObjectSettings


class NotRunning(Failure):
    """There is no system to talk to; the text says how to start one."""

    status = Status.UNREACHABLE


class StillStarting(NotRunning):
    """The system will be there in a moment."""


@dataclass(frozen=True)
class Connection:
    """Where services answer, by name.

    An embedded system has a ``directory`` and the ``state`` that its supervisor wrote there.
    """

    urls: Mapping[str, str]
    directory: DataDirectory | None = None
    state: State | None = None

    def api(self, tenant: str | None = None, *, reason: str | None = None) -> "Api":
        """A client of query: as the embedded participant, or with the token that the environment has.

        The participant is an operator as well, of ``tenant`` or else of the usual one; a token is of its own.
        With a ``reason`` to read what is restricted it is the compliance officer. Raises `NotRunning` or
        `WrongUsage`.
        """
        from minutier.compose.api import Api
        from minutier.compose.people import COMPLIANCE, PARTICIPANT

        person = PARTICIPANT if reason is None else COMPLIANCE
        token = self._showing(Api.SERVICE, person.subject, tenant, operator=reason is None)
        return Api(self.url(Api.SERVICE), token, reason=reason)

    def retention(self, tenant: str | None = None) -> "Retention":
        """As `api`, a client of retention: as the embedded compliance officer."""
        from minutier.compose.people import COMPLIANCE
        from minutier.compose.retention import Retention

        token = self._showing(Retention.SERVICE, COMPLIANCE.subject, tenant)
        return Retention(self.url(Retention.SERVICE), token)

    def purges(self, tenant: str | None = None, *, person: str) -> "Purges":
        """As `retention`, of its purges: as this embedded person, since two have to agree."""
        from minutier.compose.purges import Purges

        return Purges(self.url(Purges.SERVICE), self._showing(Purges.SERVICE, person, tenant))

    def erasures(self, tenant: str | None = None) -> "Erasures":
        """As `retention`, of requests of persons to be erased."""
        from minutier.compose.erasures import Erasures
        from minutier.compose.people import COMPLIANCE

        token = self._showing(Erasures.SERVICE, COMPLIANCE.subject, tenant)
        return Erasures(self.url(Erasures.SERVICE), token)

    def records(self, tenant: str | None = None) -> "Records":
        """As `retention`, of its proofs."""
        from minutier.compose.people import COMPLIANCE
        from minutier.compose.records import Records

        return Records(self.url(Records.SERVICE), self._showing(Records.SERVICE, COMPLIANCE.subject, tenant))

    def url(self, service: str) -> str:
        """Where a service answers. Raises `NotRunning` or `WrongUsage`."""
        if service in self.urls:
            return self.urls[service]
        if self.directory is None:
            others = " and ".join(_variable(other) for other in self.urls)
            raise WrongUsage(
                f"Set {_variable(service)} to the address of the {service} service, too: {others} says that "
                "the system is elsewhere."
            )
        raise NotRunning(
            f"The {service} service is not part of what runs. Start all of it with 'minutier up'."
        )

    def token(self, person: str, tenant: str | None = None, *, operator: bool = False) -> str:
        """Of somebody whom the local sign-in knows. Raises `NoToken`, `NotRunning` or `WrongUsage`."""
        from minutier.compose.people import TENANT
        from minutier.compose.tokens import local_token

        if self.directory is None:
            raise WrongUsage("Tokens for services elsewhere come from their identity provider.")
        secret = self.directory.credentials(()).signin_secret
        tenant = tenant or TENANT
        return local_token(self.url("signin"), secret, person=person, tenant=tenant, operator=operator)

    def _showing(
        self, service: str, person: str, tenant: str | None, *, operator: bool = False
    ) -> Callable[[], str]:
        from minutier.compose.tokens import token_of_environment

        if self.directory is None:
            return lambda: token_of_environment(service)
        return lambda: self.token(person, tenant, operator=operator)

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

    @property
    def servers(self) -> "Servers":
        """The embedded system's, for whoever tends them. Raises `WrongUsage` elsewhere."""
        from minutier.compose.compaction import Servers
        from minutier.compose.embedded import DATABASE
        from minutier.compose.servers import postgres_url

        if self.directory is None or self.state is None:
            raise WrongUsage("Servers elsewhere are tended by their own tools.")
        password = self.directory.credentials(()).postgres_password
        processes = self.state.processes
        return Servers(
            postgres_url(processes["postgres"].ports["client"], "postgres", password, "postgres"),
            DATABASE,
            f"http://127.0.0.1:{processes['s3'].ports['master']}",
        )


def data_directory(option: Path | None) -> DataDirectory:
    """The option's, else MINUTIER_DATA_DIR's, else the default."""
    named = os.environ.get("MINUTIER_DATA_DIR")
    return DataDirectory(option or (Path(named) if named else default_path()))


def elsewhere() -> Connection | None:
    """A system whose services the environment names."""
    named = {
        "query": os.environ.get("MINUTIER_QUERY_URL"),
        "retention": os.environ.get("MINUTIER_RETENTION_URL"),
    }
    urls = {service: url.rstrip("/") for service, url in named.items() if url}
    return Connection(urls) if urls else None


def find(option: Path | None, service: str | None = "query") -> Connection:
    """The system, which is to be asked for ``service``. Raises `NotRunning`."""
    return elsewhere() or embedded(data_directory(option), service)


def find_of(option: Path | None, tenant: str | None, service: str = "query") -> Connection:
    """As `find`, for what there is of a tenant. Raises `NotRunning` or `WrongUsage`."""
    connection = find(option, service)
    if tenant is not None and connection.directory is None:
        raise WrongUsage("The token for a service elsewhere says whose recordings there are. Leave --tenant.")
    return connection


def reading(option: Path | None, tenant: str | None, *, reason: str | None = None) -> "Api":
    """A client for what there is of a tenant; with a ``reason``, of what is restricted as well.

    Raises `NotRunning` or `WrongUsage`.
    """
    return find_of(option, tenant).api(tenant, reason=reason)


def embedded(directory: DataDirectory, service: str | None = None) -> Connection:
    """The system that runs in ``directory``. Raises `NotRunning`; ``service`` may be elsewhere."""
    state = directory.read_state() if directory.locked_by else None
    if state is None:
        start = f"Minutier is not running in {directory.path}. Start it with 'minutier up'"
        if service is None:
            raise NotRunning(f"{start}.")
        raise NotRunning(
            f"{start}, or set {_variable(service)} to the address of a {service} service elsewhere."
        )
    if not state.ready:
        raise StillStarting(f"Minutier is still starting in {directory.path}. Try again in a few seconds.")
    urls = {
        name: f"http://127.0.0.1:{process.ports['http']}"
        for name, process in state.processes.items()
        if "http" in process.ports
    }
    return Connection(urls, directory, state)


def _variable(service: str) -> str:
    return f"MINUTIER_{service.upper()}_URL"
