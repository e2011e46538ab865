"""The command in this process."""

import sys
from pathlib import Path

import pytest

from minutier.compose import cli


class Run:
    """One call of the command: its status, and what it printed."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __init__(self, *arguments: str | Path) -> None:
        self.monkeypatch.setattr(sys, "argv", ["minutier", *map(str, arguments)])
        self.status: str | int | None = 0
        try:
            cli.main()
        except SystemExit as ending:
            self.status = ending.code
        self.out, self.err = self.capsys.readouterr()


def calling(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Run]:
    """What a test calls the command by."""
    Run.monkeypatch, Run.capsys = monkeypatch, capsys
    return Run
