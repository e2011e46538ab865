"""PDF for people, by typst, in a child process: typst keeps the memory of what it has set."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from minutier.query.exports.domain import Exported, Unrenderable
from minutier.query.exports.outline import outline
from minutier.query.exports.scripts import breakable, direction

# A meeting of ten hours is set in a second or two.
LIMIT_SECONDS = 120

_ENVIRONMENT = ("HOME", "PATH", "PYTHONPATH", "XDG_DATA_DIRS", "XDG_DATA_HOME")


def render(exported: Exported) -> bytes:
    """Tagged; PDF/UA-1 where the fonts of this machine have every character.

    Raises `Unrenderable` where the child ends without a document.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "minutier.query.exports.typesetting"],
            input=data_of(exported).encode(),
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
            # None of what else this service knows; and one core, so that others go on.
            env={"RAYON_NUM_THREADS": "1"} | {k: os.environ[k] for k in _ENVIRONMENT if k in os.environ},
        )
    except subprocess.TimeoutExpired:
        raise Unrenderable(f"the PDF took more than {LIMIT_SECONDS} seconds") from None
    if done.returncode != 0:
        # What it printed may quote the meeting.
        raise Unrenderable(f"the PDF could not be set (exit status {done.returncode})")
    return done.stdout


def data_of(exported: Exported) -> str:
    """What the template shows, as JSON."""
    document: dict[str, Any] = _breakable(asdict(outline(exported)))
    minutes = exported.minutes.language if exported.minutes else exported.transcript.language
    languages = {
        "interface": exported.language,
        "spoken": exported.transcript.language,
        "written": minutes,
        "direction": direction(exported.transcript.language),
    }
    return json.dumps(document | languages)


def _breakable(value: Any) -> Any:
    if isinstance(value, str):
        return breakable(value)
    if isinstance(value, dict):
        return {name: _breakable(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(held) for held in value]
    return value
