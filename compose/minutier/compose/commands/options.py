"""What several commands are given."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept; also MINUTIER_DATA_DIR.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="EMAIL", help="Whose recording it is.")]
Participants = Annotated[
    list[str] | None,
    typer.Option("--participant", metavar="EMAIL", help="Who was there, and may read it; repeatable."),
]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Whose recordings; 'default' if not given.")]
Id = Annotated[str, typer.Argument(help="A recording's id, or a beginning only it has.")]
