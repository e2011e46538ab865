"""What services of the embedded system are told of each other."""

from pathlib import Path

import pytest

from minutier.compose.directory import DataDirectory
from minutier.compose.embedded import SITES, System
from minutier.compose.processes import Launch
from minutier.compose.provision import SERVICES
from minutier.compose.supervisor import Ports, Program, Running, Supervisor
from minutier.query.settings import QuerySettings
from minutier.retention.settings import RetentionSettings
from minutier.shared.identity.settings import SiteSettings

PORTS: dict[str, Ports] = {
    "s3": {"s3": 1},
    "postgres": {"client": 2},
    "nats": {"client": 3},
    "signin": {"http": 4},
}


class Started(Supervisor):
    """One whose programs listen on `PORTS`."""

    def __init__(self, folder: Path, *names: str) -> None:
        super().__init__(folder)
        self._running = [Running(program(name), folder / name, ports=PORTS[name]) for name in names]

    @property
    def programs(self) -> list[Running]:
        return self._running


def program(name: str) -> Program:
    def launch(ports: Ports) -> Launch:
        raise AssertionError

    async def probe(ports: Ports) -> bool:
        raise AssertionError

    return Program(name, launch, probe)


def system(tmp_path: Path, *names: str) -> System:
    directory = DataDirectory(tmp_path / "data")
    directory.create()
    return System(directory, directory.credentials(SERVICES), Started(tmp_path, *names))


SETTINGS: list[tuple[str, type[SiteSettings]]] = [("query", QuerySettings), ("retention", RetentionSettings)]


@pytest.mark.parametrize(("service", "settings"), SETTINGS)
def test_people_sign_in_to_every_site_with_the_local_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, settings: type[SiteSettings]
) -> None:
    assert service in SITES
    told = system(tmp_path, *PORTS)
    told.directory.make_signing_key()
    for name, value in told.environment(service).items():
        monkeypatch.setenv(name, value)
    provider = settings().providers["local"]
    assert str(provider.issuer) == f"{told.url('signin')}/" == "http://127.0.0.1:4/"
    assert provider.client_secret is not None
    assert provider.client_secret.get_secret_value() == told.credentials.signin_secret


def test_the_secret_of_the_sign_in_is_for_sites_alone(tmp_path: Path) -> None:
    told = system(tmp_path, *PORTS)
    for service in set(SERVICES) - set(SITES):
        assert told.credentials.signin_secret not in str(told.environment(service))


@pytest.mark.parametrize("service", SITES)
def test_without_the_sign_in_nobody_signs_in_to_a_site(tmp_path: Path, service: str) -> None:
    environment = system(tmp_path, "s3", "postgres", "nats").environment(service)
    assert [name for name in environment if name.endswith("PROVIDERS")] == []
