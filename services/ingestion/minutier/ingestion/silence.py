"""The use case: audio in which one person is not heard takes the place of that in which they are."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from minutier.ingestion.jobs.ports import Documents
from minutier.ingestion.ports import Recordings, Silencer
from minutier.ingestion.spans import Span, merged
from minutier.schemas.documents import ErasureDocument
from minutier.schemas.events import Made, PurgeOrdered
from minutier.schemas.records import Kind
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import artefact_version
from minutier.shared.erasing import Replaced


async def silence(
    order: PurgeOrdered, *, documents: Documents, recordings: Recordings, silencer: Silencer, workspace: Path
) -> Replaced:
    """Make all that the erasure document of ``order`` asks for; what was made before is found again.

    Objects of the same bytes become one, in which whatever is to be silent in any of them is so. Raises
    `Permanent` where audio is missing that was not silenced yet, and what the ports raise.
    """
    if order.data.instead is None or Kind.MEDIA not in order.data.kinds:
        return Replaced()
    plan = await documents.load(ErasureDocument, order.data.instead.plan)
    audio: dict[str, ObjectRef] = {}
    spans: dict[str, list[Span]] = defaultdict(list)
    for wanted in plan.silences:
        audio.setdefault(wanted.audio.sha256, wanted.audio)
        spans[wanted.audio.sha256] += [(span.start, span.end) for span in wanted.spans]
    made = []
    for digest, source in audio.items():
        silent = merged(spans[digest])
        # By what it is made of, so that it has the same name whenever it is made.
        version = artefact_version(digest, purge=order.data.purge_id, spans=silent)
        key = f"{order.tenant}/{order.subject}/{version}.flac"
        ref = await recordings.known(key)
        if ref is None:
            with TemporaryDirectory(dir=workspace) as folder:
                heard, result = Path(folder, "heard.flac"), Path(folder, "silent.flac")
                await recordings.fetch(source, heard)
                await silencer.silence(heard, result, silent)
                ref = await recordings.keep(result, key, "audio/flac")
        made.append(Made(ref=ref, of=digest))
    return Replaced(tuple(made))
