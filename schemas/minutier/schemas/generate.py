"""Writes what follows from the models: JSON Schemas and the AsyncAPI document.

``python -m minutier.schemas.generate`` writes; with ``--check`` it only tells what differs.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from minutier.schemas import asyncapi
from minutier.schemas.documents import DOCUMENTS
from minutier.schemas.events import EVENTS, Progress
from minutier.schemas.records import RECORDS

ROOT = Path(__file__).resolve().parents[2]
DIALECT = "https://json-schema.org/draft/2020-12/schema"

CONTRACTS: dict[str, type[BaseModel]] = {
    **{event.TYPE: event for event in EVENTS},
    **{kind.__name__.removesuffix("Document").lower(): kind for kind in DOCUMENTS},
    **RECORDS,
    "progress": Progress,
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one contract; its ``$id`` is a URN, for nothing is fetched by it."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:minutier:schema:{name}",
        **CONTRACTS[name].model_json_schema(),
    }


def generated(root: Path = ROOT) -> dict[Path, str]:
    """Every generated file, by its path below ``root``, whose golden examples are read."""
    where = {name: f"json/{name}.json" for name in CONTRACTS}
    files = {Path(path): _text(schema(name)) for name, path in where.items()}
    examples = {name: _examples(root / "examples" / name) for name in CONTRACTS}
    files[Path("asyncapi.json")] = _text(
        asyncapi.document({name: f"./{path}" for name, path in where.items()}, examples)
    )
    return files


def differences(root: Path = ROOT) -> list[Path]:
    """The generated files that are missing, differ, or that nothing generates any more."""
    files = generated(root)
    present = {path.relative_to(root) for path in (root / "json").glob("*")}
    changed = {path for path, text in files.items() if _read(root / path) != text}
    return sorted(changed | (present - files.keys()))


def write(root: Path = ROOT) -> None:
    files = generated(root)
    for path in differences(root):
        if path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(files[path], encoding="utf-8")
        else:
            (root / path).unlink()


def _examples(folder: Path) -> Mapping[str, Any]:
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m minutier.schemas.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where a file differs")
    if not parser.parse_args().check:
        write()
    elif stale := differences():
        sys.exit(f"run python -m minutier.schemas.generate; these differ: {', '.join(map(str, stale))}")


if __name__ == "__main__":
    main()
