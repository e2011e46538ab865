"""The data directory: whose it is, what is secret in it, and where its servers listen."""

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from minutier.compose.failures import Failure

if TYPE_CHECKING:
    from minutier.shared.settings import NatsSettings, ObjectSettings


class Locked(Failure):
    """Another supervisor runs in the data directory."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Minutier is already running in {path} ({who}). Use it, stop it with "
            f"{f'kill {pid}' if pid else '^C'}, or choose another directory with --data-dir."
        )
        self.pid = pid


class Occupied(Failure):
    """The directory holds something that is not Minutier's."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} holds other files. Choose a new or an empty directory with --data-dir.")


@dataclass(frozen=True)
class Credentials:
    """Made once per data directory; nothing but this directory's servers knows them."""

    nats_token: str = field(repr=False)
    postgres_password: str = field(repr=False)
    access_key: str
    secret_key: str = field(repr=False)
    operator_key: str = field(repr=False)
    signin_secret: str = field(repr=False)
    role_passwords: dict[str, str] = field(repr=False)

    def nats(self, ports: Mapping[str, int]) -> "NatsSettings":
        """For the server that listens on ``ports``."""
        from pydantic import SecretStr

        from minutier.shared.settings import NatsSettings

        return NatsSettings(url=f"nats://127.0.0.1:{ports['client']}", token=SecretStr(self.nats_token))

    def objects(self, ports: Mapping[str, int]) -> "ObjectSettings":
        """For the store that listens on ``ports``."""
        from pydantic import SecretStr

        from minutier.shared.settings import ObjectSettings

        return ObjectSettings(
            endpoint=f"127.0.0.1:{ports['s3']}",
            access_key=self.access_key,
            secret_key=SecretStr(self.secret_key),
            secure=False,
        )


@dataclass(frozen=True)
class ProcessState:
    """One program as the supervisor sees it."""

    phase: str
    pid: int | None
    ports: dict[str, int]
    restarts: int


@dataclass(frozen=True)
class State:
    """What the supervisor tells other commands; it holds no secret."""

    pid: int
    started_at: str
    ready: bool
    processes: dict[str, ProcessState]


class DataDirectory:
    """Where everything that the embedded system keeps lies."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def public_key(self) -> Path:
        """The one that disposal records of this system are checked with; anybody may have it."""
        return self.path / "disposal-key.pub.pem"

    @property
    def signing_key(self) -> Path:
        """The one that they are signed with."""
        return self.path / "disposal-key.pem"

    def make_signing_key(self) -> None:
        """Where there is none yet, and its public part beside it; a kill leaves no half of it."""
        if self.signing_key.exists() and self.public_key.exists():
            return
        from minutier.shared.proofs.signing import SigningKey

        if not self.signing_key.exists():
            partial = self.path / "disposal-key.partial"
            partial.unlink(missing_ok=True)
            SigningKey.generate().write(partial)
            partial.replace(self.signing_key)
        partial = self.path / "disposal-key.pub.partial"
        partial.write_bytes(SigningKey.read(self.signing_key).public.pem())
        partial.replace(self.public_key)

    def create(self) -> None:
        """Make the directory, open to its owner only; raises `Occupied`.

        For root it can be passed through, since PostgreSQL, which refuses to run as root, lies in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / "lock").exists() and any(self.path.iterdir()):
            # Another's directory, such as a home, must not be closed to others.
            raise Occupied(self.path)
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the directory; raises `Locked`. The system frees it when the process ends, however it ends."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(self.path, _pid_in(descriptor)) from None
            os.truncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            yield
        finally:
            os.close(descriptor)

    @property
    def locked_by(self) -> int | None:
        """The process that holds the directory, or ``None``."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid_in(descriptor)
        finally:
            os.close(descriptor)
        return None

    def credentials(self, roles: tuple[str, ...]) -> Credentials:
        """Those of this directory, made where there are none yet."""
        path = self.path / "credentials.json"
        try:
            known = json.loads(path.read_text())
        except FileNotFoundError:
            known = {}
        passwords = known.get("role_passwords", {})
        credentials = Credentials(
            nats_token=known.get("nats_token") or secrets.token_urlsafe(24),
            postgres_password=known.get("postgres_password") or secrets.token_urlsafe(24),
            access_key=known.get("access_key") or secrets.token_hex(10),
            secret_key=known.get("secret_key") or secrets.token_urlsafe(30),
            operator_key=known.get("operator_key") or secrets.token_urlsafe(24),
            signin_secret=known.get("signin_secret") or secrets.token_urlsafe(24),
            role_passwords={**{role: secrets.token_urlsafe(24) for role in roles}, **passwords},
        )
        if asdict(credentials) != known:
            _write(path, asdict(credentials))
        return credentials

    def write_state(self, state: State) -> None:
        _write(self.path / "state.json", asdict(state))

    def read_state(self) -> State | None:
        """The last state written; it says nothing about whether its supervisor still runs."""
        try:
            known = json.loads((self.path / "state.json").read_text())
            known["processes"] = {
                name: ProcessState(**process) for name, process in known["processes"].items()
            }
            return State(**known)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def default_path() -> Path:
    """The user's data directory; for root the system's, which other users may pass through."""
    if os.geteuid() == 0:
        return Path("/var/lib/minutier")
    return platformdirs.user_data_path("minutier")


def first_closed_to(path: Path, *, uid: int, gid: int) -> Path | None:
    """The outermost directory on the way to ``path`` that the user may not pass through."""
    for directory in [*reversed(path.parents), path]:
        try:
            status = directory.stat()
        except FileNotFoundError:
            return None
        if status.st_uid == uid:
            needed = stat.S_IXUSR
        elif status.st_gid == gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return directory
    return None


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0)
    return int(text) if text.isdigit() else None


def _write(path: Path, document: object) -> None:
    """Atomically, and readable by the owner only."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file, indent=1)
    partial.replace(path)
