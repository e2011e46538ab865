"""Structured logs: static messages, identifiers in fields, nothing that was said or who said it."""

import logging
import sys

import structlog

from minutier.shared.settings import LogSettings


def configure(service: str, settings: LogSettings) -> None:
    """JSON lines on stderr; libraries are heard from warnings up."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_exception_text,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(name)s %(message)s")


def _without_exception_text(
    logger: object, method: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep where an exception came from and drop its text, which may quote a meeting."""
    if (error := entry.pop("exc_info", None)) and isinstance(error, BaseException):
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
            trace = trace.tb_next
        entry["error"] = type(error).__name__
        entry["frames"] = frames[-8:]
    return entry
