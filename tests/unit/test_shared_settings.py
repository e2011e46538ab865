"""Settings that will not do: every one is named, none is shown."""

import subprocess
import sys

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from minutier.shared.settings import InvalidSettings, Settings


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int


class Example(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_EXAMPLE_")

    port: int = Field(1, ge=1)
    key: SecretStr | None = Field(None, min_length=8)
    other: str
    parts: dict[str, Part] = Field({})

    @model_validator(mode="after")
    def is_consistent(self) -> "Example":
        if self.other == "alone":
            raise ValueError("MINUTIER_EXAMPLE_OTHER needs company")
        return self


def test_each_variable_that_will_not_do_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_EXAMPLE_PORT", "none")
    monkeypatch.setenv("MINUTIER_EXAMPLE_KEY", "geheim")
    with pytest.raises(InvalidSettings) as refused:
        Example()
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "MINUTIER_EXAMPLE_PORT",
        "MINUTIER_EXAMPLE_KEY",
        "MINUTIER_EXAMPLE_OTHER",
    ]
    assert "geheim" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_what_concerns_several_settings_says_so_itself() -> None:
    with pytest.raises(InvalidSettings) as refused:
        Example(other="alone")
    assert str(refused.value) == "MINUTIER_EXAMPLE_OTHER needs company"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"a": geheim}', ": is no JSON, from character 7 on"),
        ("geheim", ": is no JSON, from character 1 on"),
        ('{"a": {}}', "__A__COUNT: Field required"),
        (
            '{"a": {"count": 1, "cuont": "geheim"}}',
            "__A__CUONT: is unknown; correct its name, or leave it out",
        ),
    ],
)
def test_what_is_written_as_json_is_held_to_it(
    monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("MINUTIER_EXAMPLE_PARTS", value)
    with pytest.raises(InvalidSettings) as refused:
        Example(other="")
    assert str(refused.value) == f"MINUTIER_EXAMPLE_PARTS{said}"
    assert refused.value.__suppress_context__


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_EXAMPLE_KEY", "")
    assert Example(other="").key is None


@pytest.mark.parametrize("command", ["minutier.retention", "minutier.compose.provision"])
def test_a_program_says_in_one_line_what_is_wrong(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", command],
        env={"MINUTIER_DATABASE_URL": "nowhere", "MINUTIER_PROVISION_PASSWORDS": "{}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in {1, 2}
    assert ended.stderr.startswith("MINUTIER_")
    assert "Traceback" not in ended.stderr
    assert "nowhere" not in ended.stderr
