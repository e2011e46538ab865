"""The command ``minutier``."""

import os
import sys

import typer

from minutier.compose.commands.compact import compact
from minutier.compose.commands.erasures import erase, erasures
from minutier.compose.commands.hand_in import ingest, watch
from minutier.compose.commands.policies import set_policy, withdraw_policy
from minutier.compose.commands.purges import approve, preview, propose, reapply, status_, withdraw
from minutier.compose.commands.read import list_, minutes, status, transcript
from minutier.compose.commands.records import export, head, key, record, records
from minutier.compose.commands.retention import retention
from minutier.compose.commands.run import demo, up
from minutier.compose.commands.share import owner, share
from minutier.compose.commands.steer import cancel, reprocess
from minutier.compose.commands.tend import name, reconcile
from minutier.compose.commands.token import token
from minutier.compose.commands.verify import verify
from minutier.compose.failures import explained
from minutier.compose.terminal import say

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who said what in a meeting, and minutes that cite their evidence.",
    epilog="Exit status: 0 done, 1 failed or rejected, 2 wrong usage, 3 not running or not reachable, "
    "4 not settled by what was given, 130 interrupted.",
)
COMMANDS = (
    *(up, demo, ingest, watch, status, list_, transcript, minutes, name),
    *(share, owner, cancel, reprocess, reconcile, verify, token, compact),
)
POLICIES = (set_policy, withdraw_policy)
PURGES = (propose, preview, approve, withdraw, status_, reapply)
ERASURES = (erasures,)
RECORDS = (records, record, head, export, key)
for group, commands in (
    (app, COMMANDS),
    *((retention, part) for part in (POLICIES, PURGES, ERASURES, RECORDS)),
):
    for command in commands:
        # Some are called as what Python, or another group, has already.
        group.command(name=command.__name__.rstrip("_").replace("_", "-"))(command)
retention.add_typer(erase, name="erase")
app.add_typer(retention, name="retention")


def main() -> None:
    """The entry point: every failure is a message that says what to do, and a status."""
    try:
        app()
    except Exception as error:
        if os.environ.get("MINUTIER_DEBUG"):
            raise
        failure = explained(error)
        say(str(failure))
        sys.exit(failure.status)
