"""What people see of recordings, transcripts and minutes, and of how long they are kept."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def clock(seconds: float) -> str:
    """Hours, minutes and seconds: ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def recordings(console: Console, items: list[dict[str, Any]]) -> None:
    table = Table("id", "title", "state", "length", "language", "announced (UTC)", box=None)
    for item in items:
        duration = item.get("duration")
        table.add_row(
            item["id"][:8],
            escape(item.get("title") or "–"),
            item["state"] + (f" ({item['reason']})" if item.get("reason") else ""),
            clock(duration) if duration is not None else "",
            item.get("language") or "",
            _moment(item["announced_at"]),
        )
    console.print(table)


def transcript(console: Console, document: dict[str, Any]) -> None:
    labels = {speaker["id"]: speaker["label"] for speaker in document["speakers"]}
    for segment in document["segments"]:
        label = labels.get(segment["speaker"], "Unknown")
        doubt = " [dim](doubtful)[/dim]" if segment.get("doubts") else ""
        console.print(
            f"[dim]{clock(segment['start']):>8}[/dim]  [bold]{escape(label)}[/bold]: "
            f"{escape(segment['text'].strip())}{doubt}"
        )


def minutes(console: Console, document: dict[str, Any], transcript: dict[str, Any]) -> None:
    """Each item with the times of the passages it rests on."""
    starts = {segment["id"]: segment["start"] for segment in transcript["segments"]}
    how = "an extract of the transcript" if document["engine"] == "extractive" else "a language model's"
    console.print(f"[bold]Minutes[/bold] [dim]({how})[/dim]")
    if reason := document.get("fallback_reason"):
        console.print(f"[dim]The language model was not used: {escape(reason)}[/dim]")
    for name in ("summary", "topics", "decisions", "actions", "questions"):
        items = document.get(name) or []
        if items:
            console.print(f"\n[bold]{name.capitalize()}[/bold]")
        for item in items:
            times = ", ".join(clock(starts[cited]) for cited in item["cites"] if cited in starts)
            title = f"{escape(item['title'])}: " if item.get("title") else ""
            console.print(f"  • {title}{escape(item['text'])} [dim]({times})[/dim]")


def status(console: Console, document: dict[str, Any]) -> None:
    processes = Table("process", "state", "pid", "restarts", box=None)
    for name, process in document["processes"].items():
        processes.add_row(name, process["phase"], str(process["pid"] or ""), str(process["restarts"]))
    waiting = Table("consumer", "waiting", "in hand", "redelivered", box=None)
    for row in document["consumers"]:
        figures = (row["pending"], row["in_flight"], row["redelivered"])
        waiting.add_row(row["consumer"], *map(str, figures))
    in_flight = Table("in flight", "title", "stages that run", box=None)
    for item in document["in_flight"]:
        running = [name for name, stage in item["stages"].items() if stage["state"] == "running"]
        in_flight.add_row(item["id"][:8], escape(item.get("title") or "–"), ", ".join(running))
    for table in (processes, waiting, in_flight):
        if table.rows:
            console.print(table)
            console.print()
    console.print(f"dead letters: {document['dead_letters']}; in flight: {len(document['in_flight'])}")


def policies(console: Console, items: list[dict[str, Any]]) -> None:
    """A row for each rule."""
    table = Table("id", "policy", "for", "kind", "days", "since", "at the end", box=None)
    for item in items:
        whose = ", ".join(f"{name} {value}" for name, value in item["scope"].items() if value)
        named = [item["id"][:8], escape(_version(item)), escape(whose.replace("record_", "")) or "all"]
        for kind, rule in item["rules"].items():
            days = [rule["current_days"], *filter(None, [rule["intermediate_days"]])]
            told = [kind, " + ".join(map(str, days)), rule["clock"], item["disposition"]]
            table.add_row(*named, *(_words(text) for text in told))
            named = [""] * len(named)
    console.print(table)


def holds(console: Console, items: list[dict[str, Any]]) -> None:
    table = Table("id", "matter", "placed (UTC)", "released (UTC)", "covers", "unlocked", box=None)
    for item in items:
        table.add_row(
            item["id"][:8],
            escape(item["matter"]),
            _moment(item["placed_at"]),
            _moment(item["released_at"]),
            str(item["covered"]),
            str(item["unlocked"] or ""),
        )
    console.print(table)


def records(console: Console, items: list[dict[str, Any]]) -> None:
    table = Table("id", "recording", "destroyed", "cause", "verified (UTC)", "legal basis", "visa", box=None)
    for item in items:
        table.add_row(
            item["id"][:8],
            item["recording_id"][:8],
            ", ".join(map(_words, item["kinds"])),
            _words(item["cause"]),
            _moment(item["verified_at"]),
            escape(item["legal_basis"]),
            escape(item["visa"] or "–"),
        )
    console.print(table)


def explanation(console: Console, document: dict[str, Any]) -> None:
    """How long each kind is kept, and then what every policy says of it, the deciding one first."""
    kept = Table("kind", "phase", "restricted (UTC)", "due (UTC)", "policy", box=None)
    verdicts = Table("kind", "policy", "verdict", "due (UTC)", box=None)
    for kind, found in document["kinds"].items():
        until = (_moment(found["restricted_at"]), _moment(found["due_at"]))
        kept.add_row(_words(kind), _words(found["phase"]), *until, escape(_version(found["policy"])))
        for said in found["verdicts"]:
            unmet = f" ({', '.join(said['unmet'])})" if said["unmet"] else ""
            verdict = _words(said["verdict"]) + unmet
            verdicts.add_row(_words(kind), escape(_version(said["policy"])), verdict, _moment(said["due_at"]))
    for table in (kept, verdicts):
        console.print(table)
        console.print()
    holds = ", ".join(hold[:8] for hold in document["holds"])
    console.print(f"Nothing is deleted before these holds are released: {holds}" if holds else "No hold.")


def simulation(console: Console, document: dict[str, Any]) -> None:
    months = Table("month (UTC)", "kind", "due", box=None)
    for month in document["months"]:
        months.add_row(month["month"], _words(month["kind"]), str(month["count"]))
    first = Table("first", "kind", "due (UTC)", box=None)
    for due in document["sample"]:
        first.add_row(due["recording_id"][:8], _words(due["kind"]), _moment(due["due_at"]))
    for table in (months, first):
        if table.rows:
            console.print(table)
            console.print()
    console.print(f"due: {document['total']}; of {document['recordings_seen']} recordings")


def erasures(console: Console, items: list[dict[str, Any]]) -> None:
    table = Table("id", "state", "to answer by", "left", "recording", "reference", box=None)
    for item in items:
        table.add_row(
            item["id"][:8],
            item["state"],
            item["due_on"],
            _left(item),
            item["recording_id"][:8],
            escape(item["reference"]),
        )
    console.print(table)


def erasure(console: Console, document: dict[str, Any]) -> None:
    """A fact a line."""
    refusal = document["refusal"] or {}
    facts = {
        "request": document["id"],
        "reference": escape(document["reference"]),
        "recording": document["recording_id"],
        "state": document["state"],
        "received": document["received_on"],
        "to answer by": f"{document['due_on']} {_left(document)}".strip(),
        "purge": document["purge"],
        "erased (UTC)": document["completed_at"] and _moment(document["completed_at"]),
        "refused (UTC)": refusal and _moment(refusal["at"]),
        "ground": refusal and f"article 17(3)({refusal['letter']}), {_words(refusal['ground'])}",
        "explanation": refusal and escape(refusal["explanation"]),
    }
    for name, told in facts.items():
        if told:
            console.print(f"{name}: {told}")


def voices(console: Console, items: list[dict[str, Any]]) -> None:
    table = Table("voice", "who", "words", "segments", "talks", box=None)
    for item in items:
        figures = (str(item["words"]), str(item["segments"]), clock(item["seconds"]))
        table.add_row(escape(item["id"]), escape(item["label"]), *figures)
    console.print(table)


def purges(console: Console, items: list[dict[str, Any]]) -> None:
    table = Table("id", "state", "cause", "proposed (UTC)", "recordings", "reason", box=None)
    for item in items:
        table.add_row(
            item["id"][:8],
            item["state"],
            item["cause"],
            _moment(item["proposed_at"]),
            str(sum(total["recordings"] for total in item["totals"])),
            escape(item["reason"]),
        )
    console.print(table)


def purge(console: Console, document: dict[str, Any]) -> None:
    """How far it is: what its recordings come to, by state, and who has not answered."""
    table = Table("recordings", "state", "versions", "rows", "messages", "bytes", box=None)
    for total in document["totals"]:
        why = f" ({_words(total['reason'])})" if total["reason"] else ""
        figures = (total["versions"], total["rows"], total["messages"], total["bytes"])
        table.add_row(str(total["recordings"]), _words(total["state"]) + why, *map(str, figures))
    console.print(table)
    for waiting in document["waiting"]:
        since = _moment(waiting["since"])
        console.print(f"{waiting['service']} has {waiting['recordings']} to answer, since {since} UTC")
    console.print(f"state: {document['state']}; executed after {_moment(document['executes_at'])} UTC")


def preview(console: Console, document: dict[str, Any], items: Sequence[dict[str, Any]]) -> None:
    """Every recording with every version, row and message of it, and then what they come to."""
    table = Table("recording", "what", "where", "count", "bytes", box=None)
    for item in items:
        named = [item["recording_id"], ", ".join(map(_words, item["kinds"]))]
        if item["held"] or item["reason"]:
            table.add_row(*named, _words(item["reason"] or "held"), "", "")
            named = ["", ""]
        found = item["inventory"] or {"versions": [], "rows": [], "messages": {}}
        places = [
            *((f"{each['bucket']}/{each['key']}", 1, each["size"]) for each in found["versions"]),
            *((each["table"], each["count"], each["bytes"]) for each in found["rows"]),
            *((stream, count, "") for stream, count in found["messages"].items() if count),
        ]
        for where, count, size in places:
            table.add_row(*named, escape(where), str(count), str(size))
            named = ["", ""]
    console.print(table)
    for item in items:
        if item["person"]:
            console.print(_person(item["person"]))
    console.print()
    purge(console, document)
    if document["inventory"]:
        console.print(f"inventory: {document['inventory']}")


def progress_of(document: dict[str, Any]) -> str:
    """How many recordings of a purge are in which state."""
    states: dict[str, int] = {}
    for total in document["totals"]:
        states[total["state"]] = states.get(total["state"], 0) + total["recordings"]
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _person(person: dict[str, Any]) -> str:
    figures = f"{person['segments']} segments, {person['words']} words, {person['turns']} turns"
    silence = f"{person['silenced_milliseconds'] / 1000:.1f} s of silence"
    others = "nobody is heard" if person["overlap"] == "mute" else "everybody is heard"
    return f"One person alone: {figures}, {silence}; where others talk as well {others}. The rest stays."


def _left(request: dict[str, Any]) -> str:
    """Of the month in which it is to be answered."""
    if request["state"] not in ("received", "proposed"):
        return ""
    days = request["days_left"]
    counted = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{counted} left" if days >= 0 else f"overdue by {counted}"


def _version(policy: dict[str, Any]) -> str:
    return f"{policy['name']}, version {policy['version']}"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _moment(text: str | None) -> str:
    return text[:16].replace("T", " ") if text else "–"


def complaint(recording: dict[str, Any]) -> str:
    """Why there are no minutes of a recording, and what to do."""
    if recording["state"] == "cancelled":
        return "The recording was cancelled. 'minutier reprocess' has it go on."
    reason = recording.get("reason") or "unknown"
    ended = "failed" if recording["state"] == "failed" else f"was {recording['state']}"
    return f"The recording {ended} ({reason}). {recording.get('explanation') or ''}".strip()


def demonstration(
    recording: dict[str, Any], transcript: dict[str, Any], minutes: dict[str, Any]
) -> dict[str, Any]:
    """What ``minutier demo --json`` prints; times in seconds."""
    keys = ("speaker", "start", "end", "text")
    return {
        "recording_id": recording["id"],
        "duration_seconds": transcript["duration"],
        "language": transcript["language"],
        "turns": [{key: segment[key] for key in keys} for segment in transcript["segments"]],
        "minutes": minutes,
        "timings": {
            "stages": {name: stage["seconds"] for name, stage in recording["stages"].items()},
            "total": recording["total_seconds"],
        },
    }
