"""Every command of ``minutier`` that changes something on the servers, as somebody types it who means it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.testing import CliRunner, Result

from minutier.compose import cli
from tests.support.everything_asked import open_purge, request_of
from tests.support.everything_kept import SECOND, Archive, Meeting
from tests.support.query_people import COMPLIANCE, OPERATOR, OWNER, PARTICIPANT

Words = tuple[str, ...]
_WHY = ("--reason", "A test.", "--legal-basis", "A law")

COMMANDS: Mapping[str, Callable[[Meeting], Words]] = {
    "name": lambda meeting: (str(meeting.id), "speaker-1", "Dee"),
    "share": lambda meeting: (str(meeting.id), PARTICIPANT.email or ""),
    "owner": lambda meeting: (str(meeting.id), PARTICIPANT.email or ""),
    "cancel": lambda meeting: (str(meeting.id),),
    "reprocess": lambda meeting: (str(meeting.id), "--stage", "summarisation"),
    "reconcile": lambda meeting: (),
    "retention hold": lambda meeting: (str(meeting.id), "--matter", "2026-119", "--reason", "Asked for."),
    "retention release": lambda meeting: ("DECOY", "--reason", "The matter is closed."),
    "retention set-policy": lambda meeting: ("Boards", "--media", "9", "--legal-basis", "A law"),
    "retention withdraw-policy": lambda meeting: ("Boards",),
    "retention propose": lambda meeting: (str(meeting.id), *_WHY),
    "retention approve": lambda meeting: ("PURGE", "--inventory", "INVENTORY"),
    "retention withdraw": lambda meeting: ("PURGE",),
    "retention reapply": lambda meeting: (),
    "retention erase register": lambda meeting: (str(meeting.id), "--reference", "2026-31"),
    "retention erase propose": lambda meeting: ("REQUEST", "--voice", "speaker-1", "--overlap", "mute"),
    "retention erase refuse": lambda meeting: (
        *("REQUEST", "--ground", "legal_claims", "--explanation", "A case is pending."),
    ),
}
# By why they need not be given here.
ADD_ALONE = {"up", "demo", "ingest", "watch"}
READ_ALONE = {
    *("status", "list", "transcript", "minutes", "verify", "token"),
    *("retention policies", "retention holds", "retention explain", "retention simulate"),
    *("retention preview", "retention status"),
    *("retention erasures", "retention erase voices", "retention erase status"),
    *("retention records", "retention record", "retention head", "retention export", "retention key"),
}
# Is for an embedded system alone.
EMBEDDED = {"compact"}


def commands() -> set[str]:
    """All that there are."""

    def names(command: Any, before: Words = ()) -> list[str]:
        found: Mapping[str, Any] | None = getattr(command, "commands", None)
        if found is None:
            return [" ".join(before)]
        return [name for key, each in found.items() for name in names(each, (*before, key))]

    return set(names(typer.main.get_command(cli.app)))


async def command(archive: Archive, name: str, meeting: Meeting, urls: Mapping[str, str]) -> bool:
    """Whether it was done."""
    words = COMMANDS[name](meeting)
    if "DECOY" in words:
        words = (await archive.hold(meeting if meeting in archive.held else archive.held[0]), *words[1:])
    if "REQUEST" in words:
        words = (await request_of(archive, meeting), *words[1:])
    if "PURGE" in words:
        async with archive.everything.asking("retention", COMPLIANCE) as http:
            purge = await open_purge(http)
        if purge is None:
            return False
        given = {"PURGE": purge["id"], "INVENTORY": purge["inventory"] or "0" * 64}
        words = tuple(given.get(word, word) for word in words)
    officer = SECOND if name == "retention approve" else COMPLIANCE
    environment = {
        **{f"MINUTIER_{service.upper()}_URL": url for service, url in urls.items()},
        "MINUTIER_INGESTION_OPERATOR_KEY": archive.system.credentials.operator_key,
        "MINUTIER_QUERY_TOKEN": (OPERATOR if name == "owner" else OWNER).subject,
        "MINUTIER_RETENTION_TOKEN": officer.subject,
    }
    return (await typed(name, *words, environment=environment)).exit_code == 0


async def typed(name: str, *words: str, environment: Mapping[str, str] | None = None) -> Result:
    """What has come of it, in another thread than the services'."""

    def run() -> Result:
        return CliRunner().invoke(cli.app, [*name.split(), *words], env=environment)

    return await asyncio.to_thread(run)
