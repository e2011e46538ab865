"""Where a link may lead: the hosts that a tenant names, and the addresses behind them."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_USUAL_PORTS = {"http": 80, "https": 443}
# RFC 6052: an IPv6 address that a gateway turns into the IPv4 address in its last 32 bits.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_listed(scheme: str, host: str, port: int | None, hosts: Collection[str]) -> bool:
    """Whether ``hosts`` has this one; an entry without a port means the scheme's usual one.

    ``host`` is in lower case and ASCII, as names are resolved; so are the entries.
    """
    usual = _USUAL_PORTS.get(scheme)
    if usual is None or not host:
        return False
    asked = usual if port is None else port
    return f"{host}:{asked}" in hosts or (asked == usual and host in hosts)


def may_be_reached(address: Address, networks: Collection[Network]) -> bool:
    """Whether ``address`` is public, or in one of ``networks``; so must be what it stands for."""
    if _within(address, networks):
        return True
    inner = _inner(address)
    return _is_public(address) if inner is None else may_be_reached(inner, networks)


def parsed(text: str) -> Address:
    """An address as the resolver gives it, perhaps with a zone. Raises `ValueError`."""
    return ip_address(text.partition("%")[0])


def _within(address: Address, networks: Collection[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address is another way of writing."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_public(address: Address) -> bool:
    # `is_global` alone lets multicast, and some of what is reserved, pass.
    special = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not special
