import hashlib
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from minutier.ingestion.domain import Taken
from minutier.ingestion.media.fetch import Fetcher
from minutier.ingestion.ports import Unreachable
from minutier.schemas.rejections import RejectionReason
from minutier.shared.addresses import Address
from tests.support.file_host import FileHost, Page, hosting

LOOPBACK = ip_network("127.0.0.0/8")
NAME = "files.example"
SIGNATURE = "X-Amz-Signature=0123456789"
FORBIDDEN = RejectionReason.FORBIDDEN_LOCATION


class Names:
    """A resolver that knows these names; the answers to one are used up, the last one stays."""

    def __init__(self, names: Mapping[str, list[list[str]]]) -> None:
        self._names = names
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[Address]:
        self.asked.append(host)
        answers = self._names.get(host)
        if answers is None:
            raise OSError
        return [ip_address(text) for text in (answers.pop(0) if len(answers) > 1 else answers[0])]


@pytest.fixture
async def host() -> AsyncIterator[FileHost]:
    async with hosting({f"/a?{SIGNATURE}": Page(b"sound")}) as host:
        yield host


def fetcher(names: Mapping[str, list[list[str]]] | None = None, *, seconds: float = 20.0) -> Fetcher:
    known = Names(names if names is not None else {NAME: [["127.0.0.1"]]})
    return Fetcher(networks=[LOOPBACK], limit_seconds=seconds, resolve=known)


async def fetch(
    host: FileHost,
    folder: Path,
    path: str = f"/a?{SIGNATURE}",
    *,
    using: Fetcher | None = None,
    limit: int = 1000,
    scheme: str = "http",
) -> Taken | RejectionReason:
    return await (using or fetcher()).fetch(
        f"{scheme}://{NAME}:{host.port}{path}",
        folder / "media",
        hosts={f"{NAME}:{host.port}", f"other.example:{host.port}"},
        limit=limit,
    )


async def test_what_a_link_leads_to_is_taken_byte_for_byte(host: FileHost, tmp_path: Path) -> None:
    assert await fetch(host, tmp_path) == Taken(hashlib.sha256(b"sound").hexdigest(), 5)
    assert (tmp_path / "media").read_bytes() == b"sound"
    ((target, headers),) = host.asked
    assert target == f"/a?{SIGNATURE}"
    assert headers["host"] == f"{NAME}:{host.port}"


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere.example:{port}/",
        "http://files.example/",
        "http://user:secret@files.example:{port}/",
        "http://elsewhere.example\\@files.example:{port}/",
        "http://files.example:{port}@elsewhere.example/",
        "http://127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://files.example:99999/",
        "http://files.example:x/",
        "http:///files.example:{port}/",
    ],
)
async def test_only_hosts_that_the_tenant_names_are_asked(link: str, host: FileHost, tmp_path: Path) -> None:
    names = Names({NAME: [["127.0.0.1"]]})
    using = Fetcher(networks=[LOOPBACK], limit_seconds=20.0, resolve=names)
    hosts = {f"{NAME}:{host.port}"}
    outcome = await using.fetch(link.format(port=host.port), tmp_path / "media", hosts=hosts, limit=9)
    assert outcome is FORBIDDEN
    assert (host.asked, names.asked) == ([], [])


async def test_a_name_is_compared_as_it_is_resolved(host: FileHost, tmp_path: Path) -> None:
    name = "xn--bcher-kva.example"
    outcome = await fetcher({name: [["127.0.0.1"]]}).fetch(
        f"http://BÜCHER.example:{host.port}/a?{SIGNATURE}",
        tmp_path / "media",
        hosts={f"{name}:{host.port}"},
        limit=9,
    )
    assert isinstance(outcome, Taken)


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["224.0.0.1"]],
)
async def test_a_host_with_an_address_that_is_not_public_is_not_asked(
    addresses: list[str], host: FileHost, tmp_path: Path
) -> None:
    assert await fetch(host, tmp_path, using=fetcher({NAME: [addresses]})) is FORBIDDEN
    assert host.asked == []


async def test_loopback_is_refused_unless_it_is_listed(host: FileHost, tmp_path: Path) -> None:
    using = Fetcher(networks=[], limit_seconds=20.0, resolve=Names({NAME: [["127.0.0.1"]]}))
    assert await fetch(host, tmp_path, using=using) is FORBIDDEN


async def test_a_name_is_resolved_once_and_the_connection_goes_there(host: FileHost, tmp_path: Path) -> None:
    names = Names({NAME: [["127.0.0.1"], ["10.0.0.1"]]})
    using = Fetcher(networks=[LOOPBACK], limit_seconds=20.0, resolve=names)
    assert isinstance(await fetch(host, tmp_path, using=using), Taken)
    assert names.asked == [NAME]


async def test_the_next_address_is_asked_where_the_first_does_not_answer(
    host: FileHost, tmp_path: Path
) -> None:
    using = fetcher({NAME: [["127.0.0.2", "127.0.0.1"]]})
    assert isinstance(await fetch(host, tmp_path, using=using), Taken)


@pytest.mark.parametrize("location", ["http:////::1]/", "http://\\x", "ftp://files.example/a", ""])
async def test_a_redirect_that_leads_to_no_address_leads_nowhere(
    location: str, host: FileHost, tmp_path: Path
) -> None:
    host.pages["/from"] = Page(status=302, headers={"Location": location})
    host.pages["/"] = Page(status=302, headers={"Location": location})
    outcome = await fetch(host, tmp_path, "/from")
    assert outcome in {FORBIDDEN, RejectionReason.NOT_FOUND}


async def test_a_link_that_is_no_unicode_is_refused(host: FileHost, tmp_path: Path) -> None:
    assert await fetch(host, tmp_path, "/\ud800") is FORBIDDEN
    assert host.asked == []


async def test_a_redirect_is_followed_and_resolved_again(host: FileHost, tmp_path: Path) -> None:
    host.pages["/from"] = Page(status=302, headers={"Location": f"//other.example:{host.port}/to"})
    host.pages["/to"] = Page(b"there", headers={"Set-Cookie": "a=b"})
    using = fetcher({NAME: [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    assert isinstance(await fetch(host, tmp_path, "/from", using=using), Taken)
    assert [headers["host"] for _, headers in host.asked] == [
        f"{NAME}:{host.port}",
        f"other.example:{host.port}",
    ]


@pytest.mark.parametrize(
    "location",
    [
        "http://elsewhere.example/",
        "http://169.254.169.254/latest/meta-data/",
        "http://other.example:{port}/",
        "http://user@files.example:{port}/",
        "file:///etc/passwd",
        "http://files.example/",
    ],
)
async def test_a_redirect_leads_nowhere_that_a_link_may_not(
    location: str, host: FileHost, tmp_path: Path
) -> None:
    host.pages["/from"] = Page(status=302, headers={"Location": location.format(port=host.port)})
    using = fetcher({NAME: [["127.0.0.1"]], "other.example": [["10.0.0.1"]]})
    assert await fetch(host, tmp_path, "/from", using=using) is FORBIDDEN
    assert host.targets == ["/from"]


async def test_a_host_that_is_someone_else_after_a_redirect_is_not_asked(
    host: FileHost, tmp_path: Path
) -> None:
    host.pages["/from"] = Page(status=307, headers={"Location": "/to"})
    using = fetcher({NAME: [["127.0.0.1"], ["192.168.0.1"]]})
    assert await fetch(host, tmp_path, "/from", using=using) is FORBIDDEN
    assert host.targets == ["/from"]


async def test_three_redirects_are_followed_and_no_more(host: FileHost, tmp_path: Path) -> None:
    for number in range(5):
        host.pages[f"/{number}"] = Page(status=301, headers={"Location": f"/{number + 1}"})
    host.pages["/4"] = Page(b"there")
    assert isinstance(await fetch(host, tmp_path, "/1"), Taken)
    assert await fetch(host, tmp_path, "/0") is RejectionReason.NOT_FOUND


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 304, 302])
async def test_what_is_not_there_any_more_is_not_found(status: int, host: FileHost, tmp_path: Path) -> None:
    host.pages["/gone"] = Page(status=status)
    assert await fetch(host, tmp_path, "/gone") is RejectionReason.NOT_FOUND


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_what_may_be_there_later_is_tried_again(status: int, host: FileHost, tmp_path: Path) -> None:
    host.pages["/later"] = Page(status=status)
    with pytest.raises(Unreachable):
        await fetch(host, tmp_path, "/later")


async def test_a_host_that_cannot_be_reached_is_tried_again(host: FileHost, tmp_path: Path) -> None:
    for unreachable in ({}, {NAME: [["127.0.0.2"]]}, {NAME: list[list[str]]([[]])}):
        with pytest.raises(Unreachable):
            await fetch(host, tmp_path, using=fetcher(unreachable))


async def test_what_breaks_off_is_tried_again(host: FileHost, tmp_path: Path) -> None:
    host.pages["/half"] = Page(b"half", length=8)
    with pytest.raises(Unreachable):
        await fetch(host, tmp_path, "/half")


async def test_what_does_not_end_is_given_up(host: FileHost, tmp_path: Path) -> None:
    host.pages["/slow"] = Page(b"begun", length=500, stalls=True)
    with pytest.raises(Unreachable):
        await fetch(host, tmp_path, "/slow", using=fetcher(seconds=0.3))


async def test_reading_stops_at_the_limit(host: FileHost, tmp_path: Path) -> None:
    host.pages["/large"] = Page(bytes(1001), length=10**12, stalls=True)
    assert await fetch(host, tmp_path, "/large") is RejectionReason.TOO_LARGE
    host.pages["/fits"] = Page(bytes(1000))
    assert isinstance(await fetch(host, tmp_path, "/fits"), Taken)


async def test_what_is_compressed_on_the_way_is_not_unpacked(host: FileHost, tmp_path: Path) -> None:
    body = zlib.compress(bytes(10**6), 9, 31)
    host.pages["/bomb"] = Page(body, headers={"Content-Encoding": "gzip"})
    assert await fetch(host, tmp_path, "/bomb", limit=len(body)) == Taken(
        hashlib.sha256(body).hexdigest(), len(body)
    )
    assert host.asked[0][1]["accept-encoding"] == "identity"


async def test_nothing_from_the_environment_leads_elsewhere(
    host: FileHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(await fetch(host, tmp_path), Taken)


async def test_a_link_is_not_named_when_it_fails(host: FileHost, tmp_path: Path) -> None:
    host.pages[f"/a?{SIGNATURE}"] = Page(status=500)
    with pytest.raises(Unreachable) as failure:
        await fetch(host, tmp_path)
    assert str(failure.value) == ""
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for the name, and its key."""
    made = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={NAME}"
    )
    extra = ["-addext", f"subjectAltName=DNS:{NAME}", "-out", str(made[0]), "-keyout", str(made[1])]
    try:
        subprocess.run([*command.split(), *extra], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    return made


async def test_the_certificate_is_for_the_name_and_not_for_the_address(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    asked: list[str | None] = []
    tls.sni_callback = lambda connection, name, context: asked.append(name)
    async with hosting({"/a": Page(b"sound")}, tls=tls) as host:
        with pytest.raises(Unreachable):
            await fetch(host, tmp_path, "/a", scheme="https")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert isinstance(await fetch(host, tmp_path, "/a", scheme="https"), Taken)
        assert asked == [NAME, NAME]
        host.pages["/down"] = Page(status=302, headers={"Location": f"http://{NAME}:{host.port}/a"})
        assert await fetch(host, tmp_path, "/down", scheme="https") is FORBIDDEN
        using = fetcher({"other.example": [["127.0.0.1"]]})
        with pytest.raises(Unreachable):
            await using.fetch(
                f"https://other.example:{host.port}/a",
                tmp_path / "media",
                hosts={f"other.example:{host.port}"},
                limit=9,
            )
