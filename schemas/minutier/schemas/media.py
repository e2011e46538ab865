"""What recordings are called."""

# Of the containers that ingestion takes; other names say nothing of what a file is.
SUFFIXES = (
    ".mp4",
    ".m4a",
    ".mov",
    ".webm",
    ".mkv",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aac",
    ".wav",
    ".flac",
)
