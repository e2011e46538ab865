"""Checking disposal records, with the public key alone."""

from pathlib import Path
from typing import Annotated

import typer

from minutier.compose.commands.options import DataDir, Json
from minutier.compose.terminal import put, write


def verify(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A record with its proof, or a whole log.")
    ],
    head: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A signed head, had from elsewhere; repeatable."),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Whose signatures count, as PEM; repeatable. The system's own if not given.",
        ),
    ] = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Whether a disposal record is as it was signed, and in the log; needs no system and no network."""
    from minutier.compose import proofs

    verified = proofs.verified(file, heads=head or [], keys=key or [proofs.own_key(data_dir)])
    if json_:
        put(proofs.document(verified))
    elif text := proofs.summary(verified):
        write(text)
    proofs.require(verified)
