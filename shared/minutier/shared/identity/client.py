"""Whose requests are counted together before it is known who asks."""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

# Who has an address of the sixth version has a whole network of that size.
_OWN_BITS = 64


def network(request: Request) -> str:
    """The client's address, or the network that is one client's."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _OWN_BITS), strict=False))
    return str(address)
