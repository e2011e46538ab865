"""What several commands are given."""

from datetime import datetime
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
Day = {"formats": ["%Y-%m-%d"], "metavar": "DATE"}
Source = Annotated[str | None, typer.Option(help="Those from this source.")]
Class = Annotated[str | None, typer.Option("--class", help="Those of this class.")]
Label = Annotated[str | None, typer.Option(help="Those with this label.")]
MetSince = Annotated[
    datetime | None, typer.Option(**Day, help="Those of meetings from this day on, as 2030-12-31.")
]
MetBefore = Annotated[datetime | None, typer.Option(**Day, help="Those of meetings before this day.")]
