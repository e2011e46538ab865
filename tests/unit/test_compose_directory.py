"""The data directory."""

import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from minutier.compose.directory import DataDirectory, Locked, Occupied, ProcessState, State, first_closed_to
from minutier.shared.proofs.signing import PublicKey, SigningKey


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.create()
    return directory


def test_a_second_supervisor_is_told_who_the_first_is(directory: DataDirectory) -> None:
    with directory.lock():
        holder = directory.locked_by
        assert holder is not None
        with pytest.raises(Locked, match=f"process {holder}"), directory.lock():
            pass
    assert directory.locked_by is None
    with directory.lock():
        pass


def test_a_directory_that_holds_other_files_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letter").touch()
    with pytest.raises(Occupied):
        DataDirectory(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_credentials_are_made_once_and_readable_by_their_owner_only(directory: DataDirectory) -> None:
    first = directory.credentials(("query",))
    assert directory.credentials(("query",)) == first
    later = directory.credentials(("query", "retention"))
    assert later.role_passwords["query"] == first.role_passwords["query"]
    assert directory.credentials(()) == later
    mode = (directory.path / "credentials.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert later.secret_key not in repr(later)


def test_the_key_of_disposal_records_is_made_once(directory: DataDirectory) -> None:
    directory.make_signing_key()
    first, public = SigningKey.read(directory.signing_key), directory.public_key
    assert PublicKey.read(public).id == first.public.id
    directory.make_signing_key()
    # As after a kill between the two, and in the midst of the first.
    public.unlink()
    (directory.path / "disposal-key.partial").touch(mode=0o600)
    directory.make_signing_key()
    assert SigningKey.read(directory.signing_key).public.id == first.public.id
    assert PublicKey.read(public).id == first.public.id


def test_state_survives_its_writing_and_a_damaged_one_is_none(directory: DataDirectory) -> None:
    assert directory.read_state() is None
    state = State(7, "2026-01-01T00:00:00+00:00", True, {"nats": ProcessState("ready", 8, {"client": 1}, 0)})
    directory.write_state(state)
    assert directory.read_state() == state
    (directory.path / "state.json").write_text("{")
    assert directory.read_state() is None


def test_the_directory_that_bars_the_way_is_named() -> None:
    # pytest's own directories are closed to other users.
    with TemporaryDirectory() as folder:
        outer = Path(folder)
        barred = outer / "barred"
        (barred / "inside").mkdir(parents=True)
        outer.chmod(0o711)
        barred.chmod(0o700)
        assert first_closed_to(barred / "inside", uid=54321, gid=54321) == barred
        barred.chmod(0o711)
        (barred / "inside").chmod(0o711)
        assert first_closed_to(barred / "inside", uid=54321, gid=54321) is None
