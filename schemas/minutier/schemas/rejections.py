"""Why a recording was not taken in."""

from enum import StrEnum


class RejectionReason(StrEnum):
    NO_AUDIO = "no_audio"
    CORRUPT = "corrupt"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    UNSUPPORTED = "unsupported"
    FORBIDDEN_LOCATION = "forbidden_location"
    NOT_RECORDED = "not_recorded"

    @property
    def explanation(self) -> str:
        """What happened and what to do, for the person who sent the recording."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    RejectionReason.NO_AUDIO: "The file has no audio track. Record the meeting with sound and send it again.",
    RejectionReason.CORRUPT: "The file is damaged or incomplete. Send the original recording again.",
    RejectionReason.TOO_LONG: "The recording is longer than this server accepts. Split it, or ask the "
    "operator to raise MINUTIER_INGESTION_MAX_HOURS.",
    RejectionReason.TOO_LARGE: "The file is larger than this server accepts. Send audio only, or ask the "
    "operator to raise MINUTIER_INGESTION_MAX_BYTES.",
    RejectionReason.NOT_FOUND: "The recording was announced, and is not there. Check the bucket and the key, "
    "or the link, or upload the recording again.",
    RejectionReason.UNSUPPORTED: "The file is not a recording in a known format. Send mp4, webm, ogg, m4a, "
    "mp3, wav or flac.",
    RejectionReason.FORBIDDEN_LOCATION: "The recording lies in a bucket or on a host that this server "
    "does not read. Ask the operator to add it to the tenant's buckets or fetch_hosts.",
    RejectionReason.NOT_RECORDED: "The meeting server gave up recording this meeting. Its own log says why.",
}
