"""Trying the API by hand."""

from enum import StrEnum
from typing import Annotated

import typer

from minutier.compose.commands.options import DataDir, Json, Tenant
from minutier.compose.connection import find
from minutier.compose.people import APPROVER, COMPLIANCE, OUTSIDER, PARTICIPANT
from minutier.compose.terminal import put, write


class Whose(StrEnum):
    PARTICIPANT = PARTICIPANT.subject
    OUTSIDER = OUTSIDER.subject
    COMPLIANCE = COMPLIANCE.subject
    APPROVER = APPROVER.subject


def token(
    person: Annotated[Whose, typer.Option("--as", help="Whose it is.")] = Whose.PARTICIPANT,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """A token of one of the people to try, for the API's Authorization header."""
    found = find(data_dir, None).token(person.value, tenant)
    if json_:
        put({"token": found})
    else:
        write(found)
