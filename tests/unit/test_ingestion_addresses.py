import pytest

from minutier.ingestion.media.addresses import is_listed, leads_to


@pytest.mark.parametrize(
    ("scheme", "host", "port", "listed"),
    [
        ("https", "files.example", None, True),
        ("https", "files.example", 443, True),
        ("http", "files.example", None, True),
        ("https", "files.example", 8443, False),
        ("https", "files.example", 80, False),
        ("https", "files.example", 0, False),
        ("https", "minio.example", 9000, True),
        ("https", "minio.example", None, False),
        ("https", "more.files.example", None, False),
        ("https", "files.example.", None, False),
        ("https", "", None, False),
        ("ftp", "files.example", None, False),
        ("file", "files.example", None, False),
        ("https", "2606:4700::1", None, True),
    ],
)
def test_a_host_is_listed_with_its_port(scheme: str, host: str, port: int | None, listed: bool) -> None:
    hosts = {"files.example", "minio.example:9000", "2606:4700::1"}
    assert is_listed(scheme, host, port, hosts) is listed


@pytest.mark.parametrize(
    ("link", "listed"),
    [
        ("https://files.example/a?signature=b", True),
        ("HTTPS://FILES.EXAMPLE/a", True),
        ("https://files.example@elsewhere.example/a", False),
        ("https://elsewhere.example/files.example", False),
        ("https://files.example:99999/a", False),
        ("https://[files.example/a", False),
    ],
)
def test_a_link_leads_to_its_host(link: str, listed: bool) -> None:
    assert leads_to(link, {"files.example"}) is listed
