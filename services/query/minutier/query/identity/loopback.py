"""Names of this machine that no name server answers for."""

from ipaddress import ip_address


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
