"""The documentation against the code: commands, settings, links and indexes."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.core import TyperGroup

from minutier.compose.cli import app
from minutier.compose.failures import Status
from minutier.ingestion.tenants import Tenant
from minutier.shared.identity.providers import Provider
from minutier.shared.settings import Settings

ROOT = Path(__file__).parents[2]


def commands(group: TyperGroup, *above: str) -> Iterator[tuple[str, Any]]:
    """Each as it is written, and those of groups too."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *above, name)
        else:
            yield " ".join((*above, name)), command


README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [
    path
    for part in ("schemas", "shared", "compose", "services")
    for path in sorted((ROOT / part).rglob("*.py"))
]
COMMANDS = dict(commands(typer.main.get_group(app)))
ROW = re.compile(r"^\| `(MINUTIER_\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def section(title: str) -> str:
    """From a heading of the second level to the next one."""
    return re.split(r"^## ", README.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def settings() -> list[type[Settings]]:
    """Every settings class of the workspace, but for those that have no prefix and only lend their fields."""
    found = []
    for path in SOURCES:
        if "Settings)" in path.read_text():
            parts = path.with_suffix("").parts
            module = import_module(".".join(parts[parts.index("minutier", len(ROOT.parts)) :]))
            found += [
                kind
                for kind in vars(module).values()
                if isinstance(kind, type)
                and issubclass(kind, Settings)
                and kind.__module__ == module.__name__
                and kind.model_config.get("env_prefix")
            ]
    return found


def default(field: FieldInfo) -> str:
    """As the table writes it."""
    if field.is_required():
        return "required"
    match field.default:
        case None:
            return "none"
        case Path() as path if path == Path(gettempdir()):
            return "the temporary folder"
        case SecretStr() as secret:
            return f"`{secret.get_secret_value()}`"
        case bool(value):
            return f"`{str(value).lower()}`"
        case float(number):
            return f"`{number:g}`"
        case frozenset(values):
            return f"`{json.dumps(sorted(values))}`"
        case value:
            return f"`{value}`"


def test_both_commands_are_on_the_first_screen() -> None:
    screen = "\n".join(README.splitlines()[:40])
    assert "pip install uv && uv run minutier demo" in screen
    assert "uv run just test" in screen


def test_the_settings_are_those_of_the_code_with_their_defaults() -> None:
    written = {name: value for name, value, _ in ROW.findall(section("Settings"))}
    expected = {
        f"{kind.model_config['env_prefix']}{name}".upper(): default(field)
        for kind in settings()
        for name, field in kind.model_fields.items()
    }
    by_hand = re.compile(r'environ\.get\("(MINUTIER_\w+)"')
    read = {name for path in SOURCES for name in by_hand.findall(path.read_text())}
    assert {name: written.get(name) for name in expected} == expected
    assert written.keys() == expected.keys() | read


def test_the_fields_of_a_tenant_are_those_of_the_code() -> None:
    page = (
        (ROOT / "docs" / "architecture" / "connecting.md")
        .read_text()
        .split("## Tenants")[1]
        .split("\n## ")[0]
    )
    rows = re.findall(r"^\| (`.+?`) \| (.+?) \| .+ \|$", page, re.MULTILINE)
    written = {name: given for names, given in rows for name in re.findall(r"`(\w+)`", names)}
    assert written.keys() == Tenant.model_fields.keys()
    for name, field in Tenant.model_fields.items():
        if field.is_required() or field.default == 600:
            assert written[name] == default(field)


def test_the_fields_of_an_identity_provider_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "architecture" / "signing-in.md").read_text()
    table = page.split("## Providers")[1].split("\n## ")[0]
    written = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", table, re.MULTILINE))
    assert written.keys() == Provider.model_fields.keys()
    for name, field in Provider.model_fields.items():
        if field.is_required() or isinstance(field.default, (str, bool)):
            assert written[name] == default(field)


def test_no_page_names_a_setting_that_there_is_not() -> None:
    known = [name for name, _, _ in ROW.findall(section("Settings"))]
    # Those of the tests are no settings of anything that runs.
    known += re.findall(r'"(MINUTIER_TEST_[A-Z]+)"', (ROOT / "tests/support/browser.py").read_text())
    for page in PAGES:
        for name in re.findall(r"MINUTIER_[A-Z_]*[A-Z]", page.read_text()):
            assert any(setting.startswith(name) or name.startswith(f"{setting}__") for setting in known), page


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_with_its_options(name: str) -> None:
    rows = re.findall(rf"^\| `{name}[ `].*$", section("The command"), re.MULTILINE)
    assert len(rows) == 1
    options = {
        option for parameter in COMMANDS[name].params for option in parameter.opts if option[:2] == "--"
    }
    common = {"--data-dir", "--json"}
    assert common <= options
    assert set(re.findall(r"--[a-z-]+", rows[0])) == options - common
    assert all(f"`{option}" in section("The command") for option in common)


def test_every_exit_status_is_explained() -> None:
    written = set(re.findall(r"^\| (\d+) \|", section("The command"), re.MULTILINE))
    assert written == {"0", *(str(int(status)) for status in Status)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            path, _, _ = link.partition("#")
            assert path, link
            assert (page.parent / path).exists(), link


@pytest.mark.parametrize("folder", ["architecture", "decisions"])
def test_every_page_is_in_its_index(folder: str) -> None:
    index = ROOT / "docs" / folder / "README.md"
    pages = {page.name for page in index.parent.glob("*.md")} - {index.name}
    assert pages <= set(re.findall(r"\]\(([^)\s]+)\)", index.read_text()))


def test_a_decision_has_a_number_of_its_own_and_its_title_begins_with_it() -> None:
    pages = list((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [page.name.split("-")[0] for page in pages]
    assert len(numbers) == len(set(numbers))
    for number, page in zip(numbers, pages, strict=True):
        assert page.read_text().startswith(f"# {number}")
