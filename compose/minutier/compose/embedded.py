"""The whole system on one machine: servers and services as processes under one supervisor."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from minutier.compose import servers
from minutier.compose.directory import Credentials, DataDirectory, ProcessState, State
from minutier.compose.people import CLIENT, GROUPS_OF_STAFF, PARTICIPANT, TENANT
from minutier.compose.processes import Launch
from minutier.compose.provision import SERVICES, provision, service_url
from minutier.compose.supervisor import Ports, Program, Supervisor
from minutier.compose.tokens import local_token
from minutier.schemas.clock import now
from minutier.shared.settings import INVALID_SETTINGS, NatsSettings, ObjectSettings

DATABASE = "minutier"
SIGNIN = "signin"
# The services with pages, which people sign in to.
SITES = ("query", "retention")

_SERVICE_START_SECONDS = 120.0


@dataclass(frozen=True)
class System:
    """A running system: where its servers listen, and what a service of it is told."""

    directory: DataDirectory
    credentials: Credentials
    supervisor: Supervisor

    @property
    def nats(self) -> NatsSettings:
        return self.credentials.nats(self.supervisor[servers.NATS].ports)

    @property
    def objects(self) -> ObjectSettings:
        return self.credentials.objects(self.supervisor[servers.S3].ports)

    @property
    def administrator_url(self) -> str:
        """PostgreSQL's superuser, in libpq's form."""
        port = self._port(servers.POSTGRES, "client")
        return servers.postgres_url(port, "postgres", self.credentials.postgres_password, "postgres")

    def database_url(self, service: str) -> str:
        """A service's own role, in SQLAlchemy's form."""
        password = self.credentials.role_passwords[service]
        return service_url(self.administrator_url, DATABASE, service, password)

    def url(self, service: str) -> str:
        """Where a service of this system answers HTTP requests."""
        return f"http://127.0.0.1:{self._port(service, 'http')}"

    def environment(self, service: str) -> dict[str, str]:
        """What ``python -m minutier.<service>`` needs, besides a port of its own for HTTP."""
        return {
            **self._own(service),
            "MINUTIER_NATS_URL": self.nats.url,
            "MINUTIER_NATS_TOKEN": self.credentials.nats_token,
            "MINUTIER_DATABASE_URL": self.database_url(service),
            "MINUTIER_OBJECTS_ENDPOINT": self.objects.endpoint,
            "MINUTIER_OBJECTS_ACCESS_KEY": self.credentials.access_key,
            "MINUTIER_OBJECTS_SECRET_KEY": self.credentials.secret_key,
            "MINUTIER_OBJECTS_SECURE": "false",
        }

    def token(
        self, person: str = PARTICIPANT.subject, *, tenant: str = TENANT, operator: bool = False
    ) -> str:
        """Of one of the local sign-in's people, for any of `SITES`. Raises `NoToken`."""
        secret = self.credentials.signin_secret
        return local_token(self.url(SIGNIN), secret, person=person, tenant=tenant, operator=operator)

    def _own(self, service: str) -> dict[str, str]:
        own = {}
        if service == "ingestion":
            own["MINUTIER_INGESTION_OPERATOR_KEY"] = self.credentials.operator_key
        if service == "retention":
            own["MINUTIER_RETENTION_SIGNING_KEY"] = str(self.directory.signing_key)
        # A site may run beside servers alone, and then nobody signs in to it.
        if service in SITES and any(running.program.name == SIGNIN for running in self.supervisor.programs):
            own[f"MINUTIER_{service.upper()}_PROVIDERS"] = json.dumps({"local": self._provider()})
        return own

    def _provider(self) -> dict[str, object]:
        return {
            "issuer": self.url(SIGNIN),
            "client_id": CLIENT,
            "client_secret": self.credentials.signin_secret,
            "label": "Minutier",
            "tenant_claim": "tenant",
            "compliance_groups": [GROUPS_OF_STAFF["compliance"]],
            "operator_groups": [GROUPS_OF_STAFF["operator"]],
        }

    def _port(self, program: str, name: str) -> int:
        return self.supervisor[program].ports[name]


@asynccontextmanager
async def running(
    data_directory: Path | None = None,
    services: Sequence[str] = SERVICES,
    *,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[System]:
    """The servers, provisioned, and the named services; all of it stops on leaving.

    Without a data directory, one is made and removed again. ``environment`` is added to that of
    every service. Raises `Locked`, `Unusable` or `StartFailed`.
    """
    with _directory(data_directory) as directory, directory.lock():
        started_at = now().isoformat()
        earlier = directory.read_state()
        credentials = directory.credentials(SERVICES)
        directory.make_signing_key()
        ready = False

        def write_state() -> None:
            directory.write_state(State(os.getpid(), started_at, ready, _process_states(supervisor)))

        supervisor = Supervisor(
            directory.logs,
            preferred_ports=_ports(earlier),
            on_change=write_state,
        )
        system = System(directory, credentials, supervisor)
        try:
            await supervisor.start(
                servers.s3(directory, credentials),
                servers.postgres(directory, credentials),
                servers.nats(directory, credentials),
            )
            # Services wait for their tables, and importing their code is most of their start.
            if not set(SITES).isdisjoint(services):
                await supervisor.start(_signin(system))
            await asyncio.gather(
                _provision(system),
                supervisor.start(*(_service(system, name, environment or {}) for name in services)),
            )
            ready = True
            write_state()
            yield system
        finally:
            await supervisor.stop()


async def _provision(system: System) -> None:
    await provision(
        database_url=system.administrator_url,
        database=DATABASE,
        passwords=system.credentials.role_passwords,
        nats_settings=system.nats,
        object_settings=system.objects,
    )


def _signin(system: System) -> Program:
    def launch(ports: Ports) -> Launch:
        return Launch(
            [sys.executable, "-m", "minutier.compose.signin"],
            environment={
                "MINUTIER_SIGNIN_PORT": str(ports["http"]),
                "MINUTIER_SIGNIN_SECRET": system.credentials.signin_secret,
            },
            directory=system.directory.path,
        )

    async def probe(ports: Ports) -> bool:
        return await servers.answers_200(f"http://127.0.0.1:{ports['http']}/healthz")

    return Program(SIGNIN, launch, probe, ports=("http",))


def _service(system: System, name: str, environment: Mapping[str, str]) -> Program:
    def launch(ports: Ports) -> Launch:
        return Launch(
            [sys.executable, "-m", f"minutier.{name}"],
            environment={
                **system.environment(name),
                "MINUTIER_HTTP_HOST": "127.0.0.1",
                "MINUTIER_HTTP_PORT": str(ports["http"]),
                **environment,
            },
            directory=system.directory.path,
        )

    async def probe(ports: Ports) -> bool:
        return await servers.answers_200(f"http://127.0.0.1:{ports['http']}/healthz")

    return Program(
        name,
        launch,
        probe,
        ports=("http",),
        start_seconds=_SERVICE_START_SECONDS,
        refusal=INVALID_SETTINGS,
    )


@contextmanager
def _directory(path: Path | None) -> Iterator[DataDirectory]:
    if path is not None:
        directory = DataDirectory(path)
        directory.create()
        yield directory
        return
    temporary = Path(tempfile.mkdtemp(prefix="minutier-"))
    try:
        directory = DataDirectory(temporary)
        directory.create()
        yield directory
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _ports(state: State | None) -> dict[str, Ports]:
    return {} if state is None else {name: process.ports for name, process in state.processes.items()}


def _process_states(supervisor: Supervisor) -> dict[str, ProcessState]:
    return {
        running.program.name: ProcessState(
            phase=running.phase, pid=running.pid, ports=dict(running.ports), restarts=running.restarts
        )
        for running in supervisor.programs
    }
