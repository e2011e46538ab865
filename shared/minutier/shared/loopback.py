"""Names of this machine that no name server answers for."""

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?")


def is_loopback(host: str | None) -> bool:
    """Whether ``host``, without a port, is this machine to whoever names it."""
    if host is None:
        return False
    name = host.lower().removeprefix("[").removesuffix("]")
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def host_and_port(header: str) -> tuple[str, int | None] | None:
    """What a Host header names, an address without its brackets; ``None`` where it is none."""
    found = _HOST.fullmatch(header)
    if found is None:
        return None
    return found["name"].lower().strip("[]"), int(found["port"]) if found["port"] else None
