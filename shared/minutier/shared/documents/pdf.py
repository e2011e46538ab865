"""PDF for people, by typst, in a child process: typst keeps the memory of what it has set."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# A meeting of ten hours is set in a second or two.
LIMIT_SECONDS = 120

_ENVIRONMENT = ("HOME", "PATH", "PYTHONPATH", "XDG_DATA_DIRS", "XDG_DATA_HOME")


class Unrenderable(Exception):
    """A document could not be made; says nothing of what is in it."""


def render(template: Path, data: str, standards: Sequence[str] = ("ua-1",)) -> bytes:
    """Tagged; by ``standards`` where the fonts of this machine have every character.

    ``data`` is JSON, and reaches the template as ``sys.inputs.data``. Raises `Unrenderable` where the child
    ends without a document.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "minutier.shared.documents.typesetting", str(template), *standards],
            input=data.encode(),
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
            # None of what else this service knows; and one core, so that others go on.
            env={"RAYON_NUM_THREADS": "1"} | {k: os.environ[k] for k in _ENVIRONMENT if k in os.environ},
        )
    except subprocess.TimeoutExpired:
        raise Unrenderable(f"the PDF took more than {LIMIT_SECONDS} seconds") from None
    if done.returncode != 0:
        # What it printed may quote the document.
        raise Unrenderable(f"the PDF could not be set (exit status {done.returncode})")
    return done.stdout
