"""The committed contracts: examples and schemas, by path."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from minutier.schemas.events import AnyEvent
from minutier.schemas.generate import ROOT

EXAMPLES = ROOT / "examples"


def examples(pattern: str = "*/*.json") -> list[Path]:
    """Paths below the folder of examples: ``<contract>/<name>.json``."""
    return sorted(path.relative_to(EXAMPLES) for path in EXAMPLES.glob(pattern))


def example(kind: type[AnyEvent], name: str) -> Any:
    return json.loads((EXAMPLES / kind.TYPE / f"{name}.json").read_bytes())


def committed_schema(contract: str) -> Any:
    return json.loads((ROOT / "json" / f"{contract}.json").read_bytes())


@cache
def validator(contract: str) -> Draft202012Validator:
    """By the committed schema; formats count."""
    return Draft202012Validator(committed_schema(contract), format_checker=FormatChecker())
