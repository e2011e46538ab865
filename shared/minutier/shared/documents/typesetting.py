"""The child of `pdf`: JSON on standard input becomes a PDF on standard output. It logs nothing."""

import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Of memory and of time on a processor; ten hours of speech take a tenth of either.
_BYTES = 2 * 2**30
_SECONDS = 120

_NO_GLYPH = "could not be displayed"


def main() -> None:
    bound()
    template, *standards = sys.argv[1:]
    sys.stdout.buffer.write(typeset(Path(template), sys.stdin.read(), standards))


def bound() -> None:
    """Let this process have no more than a transcript takes, and leave nothing on a disk where it dies."""
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def typeset(template: Path, data: str, standards: Sequence[str]) -> bytes:
    """By ``standards``, or a tagged PDF that claims nothing where a character has no glyph in any font."""
    import typst

    # Typst says itself which there are.
    claimed: Any = list(standards)
    compiler = typst.Compiler(template, root=template.parent, sys_inputs={"data": data})
    try:
        return _bytes(compiler.compile(format="pdf", pdf_standards=claimed))
    except typst.TypstError as error:
        if _NO_GLYPH not in error.message:
            raise
        return _bytes(compiler.compile(format="pdf"))


def _bytes(compiled: "bytes | list[bytes] | None") -> bytes:
    if not isinstance(compiled, bytes):
        raise TypeError("typst gives a PDF as one piece")
    return compiled


if __name__ == "__main__":
    main()
