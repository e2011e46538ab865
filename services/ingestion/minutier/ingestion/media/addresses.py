"""Where a link may lead: to the hosts that a tenant names."""

from collections.abc import Collection
from urllib.parse import urlsplit

_USUAL_PORTS = {"http": 80, "https": 443}


def is_listed(scheme: str, host: str, port: int | None, hosts: Collection[str]) -> bool:
    """Whether ``hosts`` has this one; an entry without a port means the scheme's usual one.

    ``host`` is in lower case and ASCII, as names are resolved; so are the entries.
    """
    usual = _USUAL_PORTS.get(scheme)
    if usual is None or not host:
        return False
    asked = usual if port is None else port
    return f"{host}:{asked}" in hosts or (asked == usual and host in hosts)


def leads_to(link: str, hosts: Collection[str]) -> bool:
    """Whether a link leads to one of ``hosts``, as it is written."""
    try:
        parts = urlsplit(link)
        return is_listed(parts.scheme.lower(), parts.hostname or "", parts.port, hosts)
    except ValueError:
        return False
