"""How a command ends that does not succeed: one message that says what to do, and a status."""

from enum import IntEnum


class Status(IntEnum):
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class Ended(Exception):
    """An expected end that is no success; the text says what to do."""

    def __init__(self, message: str, status: Status = Status.FAILED) -> None:
        super().__init__(message)
        self.status = status


def explained(error: Exception) -> Ended:
    """What a person is told of ``error``; nothing of its text where that may quote a meeting."""
    message, status = _explanation(error)
    return Ended(message, status)


def _explanation(error: Exception) -> tuple[str, Status]:
    # Imported here, so that a command that goes well does not wait for it.
    from minutier.compose import api
    from minutier.compose.announce import NotStored, Unacceptable
    from minutier.compose.connection import NotRunning
    from minutier.compose.directory import Locked, Occupied
    from minutier.compose.jetstream import Unanswered
    from minutier.compose.supervisor import StartFailed, Unusable

    match error:
        case Ended():
            return str(error), error.status
        case NotRunning():
            return str(error), Status.UNREACHABLE
        case Locked() | Occupied() | StartFailed() | Unusable():
            return str(error), Status.FAILED
        case Unacceptable():
            return (
                f"{error}. A tenant is small letters, digits and dashes; a language a code such as 'en'.",
                Status.USAGE,
            )
        case NotStored():
            return (
                f"The object store did not take the file ({error}). See 'minutier status'; with a store "
                "of your own, check MINUTIER_OBJECTS_*.",
                Status.UNREACHABLE,
            )
        case Unanswered():
            return (
                f"NATS does not answer ({error}). See 'minutier status'; with a server of your own, check "
                "MINUTIER_NATS_*.",
                Status.UNREACHABLE,
            )
        case api.Unreachable():
            return f"The query service at {error} does not answer. See 'minutier status'.", Status.UNREACHABLE
        case api.Refused():
            return f"The query service could not answer: {error}", Status.FAILED
        case api.NotFound():
            return f"{error} See 'minutier list'.", Status.FAILED
        case api.Ambiguous():
            return f"{error.count} recordings begin so. Give more of the id.", Status.USAGE
        case OSError(filename=str() as name, strerror=str() as reason):
            return (
                f"{name}: {reason}. Free or allow it, or choose another place with --data-dir.",
                Status.FAILED,
            )
        case _:
            return (
                f"Something unexpected went wrong ({type(error).__name__}). "
                "Set MINUTIER_DEBUG=1 and run the command again to see where.",
                Status.FAILED,
            )
