import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minutier.query.webhooks.domain import Answer, Fault
from minutier.query.webhooks.http import ForbiddenUrl, HttpPost, check_url
from minutier.shared.addresses import Address, may_be_reached
from tests.support.file_host import FileHost, Page, hosting

LOOPBACK = ip_network("127.0.0.0/8")
NAME = "receiver.example"


@pytest.fixture
async def host() -> AsyncIterator[FileHost]:
    async with hosting({"/hook?token=t": Page(b"taken")}) as host:
        yield host


def resolving(*addresses: str) -> HttpPost:
    async def resolve(host: str) -> list[Address]:
        if host != NAME:
            raise OSError
        return [ip_address(address) for address in addresses]

    return HttpPost([LOOPBACK], resolve=resolve, seconds=2.0)


async def post(host: FileHost, path: str = "/hook?token=t", *, using: HttpPost | None = None) -> Answer:
    url = f"http://{NAME}:{host.port}{path}"
    return await (using or resolving("127.0.0.1"))(url, b"{}", {"webhook-id": "msg_1"})


async def test_a_receiver_is_sent_what_it_is_told(host: FileHost) -> None:
    assert await post(host) == Answer(200)
    ((target, headers),) = host.asked
    assert target == "/hook?token=t"
    assert headers["host"] == f"{NAME}:{host.port}"
    assert (headers["content-type"], headers["webhook-id"]) == ("application/json", "msg_1")
    assert headers["content-length"] == "2"


async def test_a_redirect_is_not_followed(host: FileHost) -> None:
    host.pages["/from"] = Page(status=307, headers={"Location": f"http://{NAME}:{host.port}/hook?token=t"})
    assert await post(host, "/from") == Answer(307)
    assert host.targets == ["/from"]


async def test_an_answer_without_end_is_not_waited_for(host: FileHost) -> None:
    host.pages["/long"] = Page(bytes(100_000), length=10**9, stalls=True)
    assert await post(host, "/long") == Answer(200)


async def test_a_receiver_that_does_not_answer_times_out() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        using = HttpPost([LOOPBACK], seconds=0.2)
        assert await using(f"http://127.0.0.1:{port}/", b"{}", {}) == Answer(fault=Fault.TIMEOUT)


async def test_the_next_address_is_asked_where_the_first_does_not_listen(host: FileHost) -> None:
    assert await post(host, using=resolving("127.0.0.2", "127.0.0.1")) == Answer(200)


@pytest.mark.parametrize("addresses", [[], ["127.0.0.2"]], ids=["none", "closed"])
async def test_nobody_there_is_unreachable(addresses: list[str], host: FileHost) -> None:
    assert await post(host, using=resolving(*addresses)) == Answer(fault=Fault.UNREACHABLE)


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    answer = await resolving("127.0.0.1")("https://elsewhere.example/", b"{}", {})
    assert answer == Answer(fault=Fault.UNREACHABLE)


async def test_plain_http_leads_into_listed_networks_alone(host: FileHost) -> None:
    for addresses in (["8.8.8.8"], ["127.0.0.1", "8.8.8.8"]):
        answer = await post(host, using=resolving(*addresses))
        assert answer == Answer(fault=Fault.FORBIDDEN_ADDRESS)
    assert host.asked == []


# Whatever the kind of address: public, private, loopback, IPv4 in one of the ways that IPv6 has for it.
ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.sampled_from(
        [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "8.8.8.8",
            "1.1.1.1",
        ]
    ).map(ip_address),
)


@given(
    answers=st.lists(st.lists(ADDRESSES, max_size=4), min_size=1, max_size=3),
    scheme=st.sampled_from(["http", "https"]),
)
@settings(max_examples=60, deadline=None)
async def test_no_address_that_is_refused_is_ever_connected_to(
    answers: list[list[Address]], scheme: str
) -> None:
    remaining = list(answers)

    async def resolve(host: str) -> list[Address]:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    connected: list[str] = []

    async def connect(remote_host: str, **_: object) -> None:
        connected.append(remote_host)
        raise OSError

    networks = [LOOPBACK, ip_network("10.0.0.0/8")]
    with patch("anyio.connect_tcp", connect):
        using = HttpPost(networks, resolve=resolve)
        for _ in answers:
            first = remaining[0]
            connected.clear()
            answer = await using(f"{scheme}://{NAME}/", b"{}", {})
            refused = not all(may_be_reached(address, networks) for address in first)
            assert not (refused and connected)
            assert not refused or answer.fault is Fault.FORBIDDEN_ADDRESS
            assert connected == [] or connected == [str(address) for address in first]
            if scheme == "http":
                assert all(any(ip_address(each) in network for network in networks) for each in connected)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://receiver.example/",
        "http://receiver.example/",
        "https://user:secret@receiver.example/",
        "https://receiver.example/#part",
        "https:///hook",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]:8443/",
        "https://169.254.169.254/latest",
        "https://receiver.example:99999/",
        "https://receiver.example:x/",
    ],
)
def test_an_address_that_cannot_be_is_refused_before_anybody_is_asked(url: str) -> None:
    with pytest.raises(ForbiddenUrl) as refusal:
        check_url(url, [])
    assert "receiver" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["https://receiver.example/hook?a=b", "https://8.8.8.8/", "https://bücher.example/"]
)
def test_an_address_that_may_be_is_taken(url: str) -> None:
    check_url(url, [])


def test_a_listed_network_may_be_plain() -> None:
    check_url("http://127.0.0.1:8080/", [LOOPBACK])
    with pytest.raises(ForbiddenUrl):
        check_url("http://8.8.8.8/", [LOOPBACK])


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("soon", None), ("-1", None), ("9" * 40, None)]
)
async def test_a_receiver_may_say_when_to_come_back(header: str, seconds: int | None, host: FileHost) -> None:
    host.pages["/busy"] = Page(status=429, headers={"Retry-After": header})
    answer = await post(host, "/busy")
    assert answer.status == 429
    assert (answer.retry_after.total_seconds() if answer.retry_after else None) == seconds


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for the name, and its key."""
    made = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={NAME} "
        f"-addext subjectAltName=DNS:{NAME} -out {made[0]} -keyout {made[1]}"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    return made


async def test_the_certificate_is_for_the_name(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    async with hosting({"/": Page()}, tls=tls) as host:
        url = f"https://{NAME}:{host.port}/"
        assert await resolving("127.0.0.1")(url, b"{}", {}) == Answer(fault=Fault.UNREACHABLE)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert await resolving("127.0.0.1")(url, b"{}", {}) == Answer(200)
        answer = await HttpPost([LOOPBACK])(f"https://127.0.0.1:{host.port}/", b"{}", {})
        assert answer == Answer(fault=Fault.UNREACHABLE)
