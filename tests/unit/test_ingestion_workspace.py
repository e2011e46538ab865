import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from minutier.ingestion.workspace import Workspace

_HOLD = """
import sys
from pathlib import Path
from minutier.ingestion.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
(workspace.path / "source").write_bytes(b"speech")
print(workspace.path, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(parent: Path) -> Iterator[Path]:
    """The workspace of a process that is killed in the end."""
    command = [sys.executable, "-c", _HOLD, str(parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    with another_process(tmp_path) as theirs:
        ours = Workspace(tmp_path)
        assert (theirs / "source").exists()
    assert (theirs / "source").exists()
    third = Workspace(tmp_path)
    assert not theirs.exists()
    assert ours.path.exists()
    assert ours.path != third.path
    ours.remove()
    third.remove()
    assert list(tmp_path.iterdir()) == []


def test_only_its_own_kind_is_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / "minutier-ingestion-link").symlink_to(elsewhere)
    (parent / "minutier-ingestion-file").touch()
    (parent / "other").mkdir()
    Workspace(parent).remove()
    assert (elsewhere / "file").exists()
    assert len(list(parent.iterdir())) == 3


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "made" / "on" / "demand")
    assert workspace.path.stat().st_mode & 0o077 == 0
    workspace.remove()


def test_a_place_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Workspace(tmp_path / "file")
