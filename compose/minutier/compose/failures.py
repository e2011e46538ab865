"""How a command ends that does not succeed: one message that says what to do, and a status."""

from enum import IntEnum


class Status(IntEnum):
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    UNSETTLED = 4
    INTERRUPTED = 130


class Failure(Exception):
    """An expected end that is no success; the text says what happened and what to do."""

    status = Status.FAILED


class Interrupted(Failure):
    """A person or the system has asked the command to end."""

    status = Status.INTERRUPTED


class Unsettled(Failure):
    """Nothing is wrong, and what was given does not suffice to tell that all is right."""

    status = Status.UNSETTLED


class WrongUsage(Failure):
    """The command was not given what it needs."""

    status = Status.USAGE


def explained(error: Exception) -> Failure:
    """What a person is told of ``error``; nothing of its text where that may quote a meeting."""
    from minutier.shared.settings import InvalidSettings

    match error:
        case Failure():
            return error
        case InvalidSettings():
            return WrongUsage(str(error))
        case OSError(filename=str() as name, strerror=str() as reason):
            return Failure(f"{name}: {reason}. Free or allow it, or choose another place with --data-dir.")
        case _:
            return Failure(
                f"Something unexpected went wrong ({type(error).__name__}). "
                "Set MINUTIER_DEBUG=1 and run the command again to see where."
            )
