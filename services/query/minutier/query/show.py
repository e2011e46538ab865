"""A recording as it is shown to whoever asked."""

from dataclasses import dataclass, fields, replace

from minutier.query.access.domain import Level, Seen
from minutier.query.domain import Recording, recording
from minutier.schemas.records import Kind


@dataclass(frozen=True)
class Shown(Recording):
    """``access`` is what whoever asked may do: ``status``, ``read``, ``edit`` or ``own``.

    ``restricted`` is what of it compliance staff alone may read: ``media``, ``transcript``, ``minutes`` or
    ``access_log``.
    """

    access: str = Level.NONE.name.lower()
    restricted: tuple[Kind, ...] = ()


def show(seen: Seen) -> Shown:
    """What a title and names say is content, which those who see only states do not see."""
    whole = recording(seen.entry)
    shown = Shown(
        **{field.name: getattr(whole, field.name) for field in fields(whole)},
        access=seen.level.name.lower(),
        restricted=tuple(sorted(seen.restricted)),
    )
    return shown if seen.level >= Level.READ else replace(shown, title=None, participants=())
