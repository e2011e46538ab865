"""Structured logs: static messages, identifiers in fields, nothing that was said or who said it."""

import logging
import sys
import threading
from types import TracebackType

import structlog

from minutier.shared.settings import LogSettings

_FRAMES = 8


def configure(service: str, settings: LogSettings) -> None:
    """JSON lines on stderr, of libraries and of what nobody caught too; libraries from warnings up."""
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
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[_Libraries()], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


class _Libraries(logging.Handler):
    """Says which library said something, and where; its words may quote a meeting.

    The place leads to the words. A template is kept where it has arguments, which are left out.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        template = {"template": str(record.msg)} if record.args else {}
        structlog.get_logger().log(
            record.levelno,
            "library message",
            logger=record.name,
            place=f"{record.pathname}:{record.lineno}",
            exc_info=error,
            **template,
        )


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger().critical("uncaught exception", exc_info=error)


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    structlog.get_logger().critical("uncaught exception in a thread", exc_info=arguments.exc_value)


def _without_exception_text(
    logger: object, method: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep where an exception came from and drop its text, which may quote a meeting."""
    if isinstance(error := entry.pop("exc_info", None), BaseException):
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
            trace = trace.tb_next
        entry["error"] = type(error).__name__
        entry["frames"] = frames[-_FRAMES:]
    return entry
