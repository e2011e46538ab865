"""The JSON transcript of Podcasting 2.0 (`podcast:transcript`, version 1.0.0)."""

import json
from typing import Any

from minutier.query.exports.domain import Exported
from minutier.shared.rendering import Cue, cues


def render(exported: Exported) -> bytes:
    """A segment for each cue; one of a voice that nobody knows has no speaker."""
    document = {"version": "1.0.0", "segments": [_segment(cue) for cue in cues(exported.transcript)]}
    return json.dumps(document, ensure_ascii=False).encode()


def _segment(cue: Cue) -> dict[str, Any]:
    segment = {"startTime": cue.start / 1000, "endTime": cue.end / 1000, "body": cue.text}
    return {"speaker": cue.speaker, **segment} if cue.speaker else segment
