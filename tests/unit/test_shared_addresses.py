from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.shared.addresses import may_be_reached, parsed, resolve

PRIVATE = (
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
)
PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::",
)


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_public_is_not_reached(text: str) -> None:
    assert not may_be_reached(parsed(text), [])


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public_is_reached(text: str) -> None:
    assert may_be_reached(parsed(text), [])


def test_a_listed_network_is_reached_however_its_address_is_written() -> None:
    networks = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    assert all(
        may_be_reached(ip_address(text), networks) for text in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1")
    )
    assert not any(may_be_reached(ip_address(text), networks) for text in ("10.2.0.1", "::1", "127.0.0.1"))


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_what_it_stands_for(address: IPv4Address) -> None:
    plain = int(address)
    for written in (0xFFFF << 32 | plain, 0x0064FF9B << 96 | plain, 0x2002 << 112 | plain << 80):
        assert may_be_reached(IPv6Address(written), []) == may_be_reached(address, [])


async def test_the_systems_resolver_gives_each_address_once() -> None:
    found = await resolve("localhost")
    assert found
    assert len(found) == len(set(found))
    assert all(address.is_loopback for address in found)
    assert await resolve("127.1") == [ip_address("127.0.0.1")]
