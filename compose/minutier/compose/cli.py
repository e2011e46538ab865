"""The command ``minutier``."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from minutier.compose.connection import Connection, NotRunning, data_directory, find

if TYPE_CHECKING:
    from rich.console import Console

    from minutier.compose.api import Api

FAILED, USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who said what in a meeting, and minutes that cite their evidence.",
    epilog="Exit status: 0 done, 1 failed or rejected, 2 wrong usage, 3 not running or not reachable, 130 interrupted.",
)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept; also MINUTIER_DATA_DIR.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]
Id = Annotated[str, typer.Argument(help="A recording's id, or a beginning only it has.")]
STAGES = ("ingestion", "diarization", "transcription", "attribution", "summarisation")


class Ended(Exception):
    """An expected end that is no success: what to say, and the status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


@app.command()
def up(data_dir: DataDir = None, json_: Json = False) -> None:
    """Start everything and stay until ^C."""
    asyncio.run(_up(data_dir, json_))


async def _up(data_dir: Path | None, json_: bool) -> None:
    from minutier.compose.embedded import running

    directory = data_directory(data_dir)
    stopped = _stop_event()
    started = time.monotonic()
    say("Starting Minutier.")

    async def serve() -> None:
        async with running(directory.path) as system:
            seconds = time.monotonic() - started
            if json_:
                put({"api": f"{system.url('query')}/api/v1", "data": str(directory.path), "seconds": seconds})
            say(f"Ready after {seconds:.1f} s. Press ^C to stop.")
            say(f"  API   {system.url('query')}/api/v1")
            say(f"  data  {directory.path}")
            await stopped.wait()
            say("Stopping.")

    await _until(stopped, serve())


@app.command()
def demo(
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="Another recording.")
    ] = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Take one recording from announcement to minutes, and show both."""
    asyncio.run(_demo(file or _sample(), data_dir, json_))


async def _demo(file: Path, data_dir: Path | None, json_: bool) -> None:
    from minutier.compose.embedded import running

    directory = data_directory(data_dir)
    stopped = _stop_event()

    async def run() -> None:
        if os.environ.get("MINUTIER_QUERY_URL") or directory.locked_by:
            await asyncio.to_thread(_show_demo, file, find(data_dir), json_, stopped.is_set)
            return
        say("Starting the servers and the services.")
        async with running(directory.path):
            await asyncio.to_thread(_show_demo, file, find(directory.path), json_, stopped.is_set)

    await _until(stopped, run())
    if stopped.is_set():
        raise Ended("Interrupted. What was begun continues at the next start.", INTERRUPTED)


def _show_demo(file: Path, connection: Connection, json_: bool, stopped: Callable[[], bool]) -> None:
    from uuid import uuid4

    from minutier.compose import render

    recording_id = _announce(file, connection, tenant="demo", title="Demonstration", external_id=str(uuid4()))
    with _api(connection) as api:
        recording = _watch(api, recording_id, stopped=stopped)
        _require_completed(recording)
        transcript = json.loads(api.transcript(recording_id, "json"))
        minutes = api.minutes(recording_id)
    if json_:
        stages = {name: stage.get("seconds") for name, stage in recording["stages"].items()}
        put(
            {
                "recording_id": recording_id,
                "duration_seconds": transcript["duration"],
                "language": transcript["language"],
                "turns": [
                    {key: segment[key] for key in ("speaker", "start", "end", "text")}
                    for segment in transcript["segments"]
                ],
                "minutes": minutes,
                "timings": {"stages": stages, "total": recording["total_seconds"]},
            }
        )
    else:
        console = _console()
        render.transcript(console, transcript)
        console.print()
        render.minutes(console, minutes, transcript)
    if connection.directory is not None:
        say(f"The data lies in {connection.directory.path}")


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")],
    title: Annotated[str | None, typer.Option(help="What the meeting was called.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639 code; detected if not given.")] = None,
    tenant: Annotated[str, typer.Option(help="Whose recording it is.")] = "default",
    watch: Annotated[bool, typer.Option("--watch", help="Follow each until its minutes are there.")] = False,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Hand recordings in."""
    connection = find(data_dir)
    results: list[dict[str, Any]] = []
    for file in files:
        recording_id = _announce(file, connection, tenant=tenant, title=title, language=language)
        if not json_ and not watch:
            sys.stdout.write(f"{recording_id}\n")
        results.append({"recording_id": recording_id, "file": str(file)})
    bad = 0
    if watch:
        with _api(connection) as api:
            for result in results:
                recording = _watch(api, result["recording_id"])
                result.update({key: recording.get(key) for key in ("state", "reason", "explanation")})
                bad += recording["state"] != "completed"
                if not json_:
                    sys.stdout.write(f"{result['recording_id']} {recording['state']}\n")
                if recording["state"] != "completed":
                    say(_complaint(recording))
    if json_:
        put({"recordings": results})
    if bad:
        raise typer.Exit(FAILED)


@app.command()
def status(data_dir: DataDir = None, json_: Json = False) -> None:
    """Services, backlog per consumer, dead letters, and what is in flight."""
    from dataclasses import asdict

    from nats.errors import Error as NatsError

    from minutier.compose.backlog import backlog

    connection = find(data_dir)
    connection.apply()
    try:
        waiting = asyncio.run(backlog())
    except (NatsError, OSError):
        raise Ended("NATS does not answer. Check MINUTIER_NATS_URL and its token.", UNREACHABLE) from None
    with _api(connection) as api:
        active = [r for r in api.recordings() if r["state"] in {"announced", "processing"}]
    state = connection.directory.read_state() if connection.directory else None
    processes = {name: asdict(process) for name, process in state.processes.items()} if state else {}
    document = {"processes": processes, "in_flight": active, **asdict(waiting)}
    if json_:
        put(document)
        return
    from rich.table import Table

    console = _console()
    table = Table("process", "state", "pid", "restarts", box=None)
    for name, process in processes.items():
        table.add_row(name, process["phase"], str(process["pid"] or ""), str(process["restarts"]))
    console.print(table)
    table = Table("consumer", "waiting", "in hand", "redelivered", box=None)
    for row in waiting.consumers:
        table.add_row(row.consumer, str(row.pending), str(row.in_flight), str(row.redelivered))
    console.print(table)
    console.print(f"dead letters: {waiting.dead_letters}; recordings in flight: {len(active)}")


@app.command(name="list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """All recordings."""
    from minutier.compose import render

    with _api(find(data_dir)) as api:
        items = api.recordings(tenant)
    if json_:
        put({"recordings": items})
    else:
        render.recordings(_console(), items)


@app.command()
def transcript(
    id: Id,
    format: Annotated[str, typer.Option(help="text, json, vtt, srt or rttm")] = "text",
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Who said what."""
    if format not in {"text", "json", "vtt", "srt", "rttm"}:
        raise Ended(f"There is no format '{format}'. Use text, json, vtt, srt or rttm.", USAGE)
    with _api(find(data_dir)) as api:
        text = api.transcript(api.resolve(id), "json" if json_ else format)
    if json_ or format == "json":
        put(json.loads(text))
    else:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


@app.command()
def minutes(id: Id, data_dir: DataDir = None, json_: Json = False) -> None:
    """What was said in short, with the times it rests on."""
    from minutier.compose import render

    with _api(find(data_dir)) as api:
        full = api.resolve(id)
        document = api.minutes(full)
        if json_:
            put(document)
        else:
            render.minutes(_console(), document, json.loads(api.transcript(full, "json")))


def main() -> None:
    """The entry point: every failure is one line that says what to do."""
    from click.exceptions import Abort, ClickException

    try:
        app(standalone_mode=False)
    except ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except NotRunning as error:
        _fail(str(error), UNREACHABLE)
    except Ended as error:
        _fail(str(error), error.status)
    except Exception as error:
        if os.environ.get("MINUTIER_DEBUG"):
            raise
        _fail(*_explained(error))


def _explained(error: Exception) -> tuple[str, int]:
    from minutier.compose import api
    from minutier.compose.directory import Locked
    from minutier.compose.supervisor import StartFailed, Unusable

    match error:
        case Locked() | StartFailed() | Unusable():
            return str(error), FAILED
        case api.Unreachable():
            return f"The query service at {error} does not answer. See 'minutier status'.", UNREACHABLE
        case api.NotFound():
            return "There is no such recording, or not that far yet. See 'minutier list'.", FAILED
        case api.Ambiguous():
            return f"{error.count} recordings begin so. Give more of the id.", USAGE
        case PermissionError():
            return f"No permission for {error.filename}. Choose another place with --data-dir.", FAILED
        case _:
            return (
                f"Something unexpected went wrong ({type(error).__name__}). "
                "Set MINUTIER_DEBUG=1 and run the command again to see where.",
                FAILED,
            )


def say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def put(document: Any) -> None:
    """The one JSON document."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _fail(message: str, status: int) -> NoReturn:
    say(message)
    sys.exit(status)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def _sample() -> Path:
    """The conversation in pyannote.audio's wheel; found without importing it, which would load torch."""
    namespace = find_spec("pyannote")
    for folder in (namespace.submodule_search_locations if namespace else None) or []:
        sample = Path(folder) / "audio" / "sample" / "sample.wav"
        if sample.exists():
            return sample
    raise Ended("The sample is not installed. Give a recording with --file.", USAGE)


@contextmanager
def _api(connection: Connection) -> Iterator["Api"]:
    from minutier.compose.api import Api

    api = Api(connection.query_url)
    try:
        yield api
    finally:
        api.close()


def _announce(file: Path, connection: Connection, **details: Any) -> str:
    from minio.error import MinioException
    from nats.errors import Error as NatsError
    from urllib3.exceptions import HTTPError

    from minutier.compose.announce import announce

    connection.apply()
    details.setdefault("language", None)
    try:
        return str(asyncio.run(announce(file, **details)))
    except (NatsError, MinioException, HTTPError, ConnectionError, TimeoutError) as error:
        raise Ended(
            f"The recording could not be handed in ({type(error).__name__}). See 'minutier status'; with "
            "servers of your own, check MINUTIER_NATS_* and MINUTIER_OBJECTS_*.",
            UNREACHABLE,
        ) from None
    except ValueError:
        raise Ended("Tenants are letters, digits and dashes; languages codes such as 'en'.", USAGE) from None


def _watch(api: "Api", id: str, *, stopped: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Follow a recording, one bar per stage on stderr, until it is done."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from minutier.compose.api import FINAL, NotFound, Unreachable

    failures = 0
    with Progress(
        TextColumn("{task.description:>14}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=_console(stderr=True),
    ) as progress:
        bars = {name: progress.add_task(name, total=1.0, start=False, note="waiting") for name in STAGES}

        def show(recording: dict[str, Any]) -> None:
            for name, stage in recording["stages"].items():
                if name not in bars:
                    continue
                if stage["state"] != "waiting":
                    progress.start_task(bars[name])
                progress.update(bars[name], note=stage["state"])
                if stage["state"] in {"done", "skipped", "failed"}:
                    progress.update(bars[name], completed=1.0)
                    progress.stop_task(bars[name])

        while not stopped():
            try:
                recording = api.recording(id)
                show(recording)
                if recording["state"] in FINAL:
                    return recording
                for kind, data in api.progress(id):
                    failures = 0
                    if kind == "state":
                        show(data)
                    elif data["stage"] in bars:
                        progress.start_task(bars[data["stage"]])
                        progress.update(bars[data["stage"]], completed=data["fraction"], note="running")
            except (NotFound, Unreachable):
                # The projection may not know the announcement yet, or the service may be starting again.
                failures += 1
                if failures > 60:
                    raise
            time.sleep(0.5)
    raise Ended("Interrupted.", INTERRUPTED)


def _require_completed(recording: dict[str, Any]) -> None:
    if recording["state"] != "completed":
        raise Ended(_complaint(recording))


def _complaint(recording: dict[str, Any]) -> str:
    reason = recording.get("reason") or "unknown"
    return f"The recording was {recording['state']} ({reason}). {recording.get('explanation') or ''}".strip()


def _stop_event() -> asyncio.Event:
    """Set by ^C and by SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def _until(stopped: asyncio.Event, work: Any) -> None:
    """Run ``work``; when stopped before it has ended, cancel it and wait for its clean end."""
    task = asyncio.ensure_future(work)
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
    stop.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
