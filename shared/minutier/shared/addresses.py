"""Which addresses a server that somebody else has named may be reached at."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Executor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Awaitable[list[Address]]]

# RFC 6052: an IPv6 address that a gateway turns into the IPv4 address in its last 32 bits.
_NAT64 = IPv6Network("64:ff9b::/96")


class ForbiddenAddress(Exception):
    """A name leads, maybe among others, to an address that is not to be reached."""


async def resolve(host: str, threads: Executor | None = None) -> list[Address]:
    """Every address of a host, in the order to try them. Raises `OSError`, `UnicodeError`.

    A name may take half a minute: those of many strangers are looked up in ``threads`` of their own.
    """
    loop = asyncio.get_running_loop()
    if threads is None:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    else:
        look_up = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        found = await loop.run_in_executor(threads, look_up)
    return list(dict.fromkeys(parsed(str(entry[4][0])) for entry in found))


async def checked(host: str, networks: Collection[Network], resolve: Resolve = resolve) -> list[Address]:
    """Every address of a host, each of which may be reached; it is these that are to be connected to.

    Raises `ForbiddenAddress`, `OSError` and `UnicodeError`.
    """
    addresses = await resolve(host)
    if not all(may_be_reached(address, networks) for address in addresses):
        raise ForbiddenAddress
    return addresses


def may_be_reached(address: Address, networks: Collection[Network]) -> bool:
    """Whether ``address`` is public, or in one of ``networks``; so must be what it stands for."""
    if within(address, networks):
        return True
    inner = _inner(address)
    return _is_public(address) if inner is None else may_be_reached(inner, networks)


def parsed(text: str) -> Address:
    """An address as the resolver gives it, perhaps with a zone. Raises `ValueError`."""
    return ip_address(text.partition("%")[0])


def within(address: Address, networks: Collection[Network]) -> bool:
    """Whether ``address`` itself is in one of ``networks``."""
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
