"""What goes where: results to stdout, everything else to stderr."""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def say(message: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def write(text: str) -> None:
    """A result, as it is; flushed here, where a reader that has gone is met quietly."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


def put(document: Any) -> None:
    """The one JSON document."""
    write(json.dumps(document, ensure_ascii=False))


def console(*, stderr: bool = False) -> "Console":
    """For tables and colours, which are left out where they would not be seen."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)
