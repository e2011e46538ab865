"""The page of the local sign-in in a real browser."""

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser

from minutier.compose.people import CLIENT, PEOPLE
from minutier.compose.signin import Issuer, build
from tests.support.browser import LAPTOP, PHONE, Language, Theme, launched, tabbed, violations, window


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(build(Issuer(url), "secret"), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield url
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


def asked(url: str) -> str:
    query = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": f"{url}/sign-in/local/callback",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    return f"/authorize?{urlencode(query)}"


@pytest.mark.parametrize(
    ("language", "theme", "size"), [("en", "light", LAPTOP), ("fr", "dark", PHONE), ("en", "dark", PHONE)]
)
async def test_everybody_can_use_it(
    url: str, browser: Browser, language: Language, theme: Theme, size: tuple[int, int]
) -> None:
    look = {"language": language, "theme": theme, "size": size}
    async with window(browser, url, unprotected=True, **look) as opened:  # type: ignore[arg-type]
        await opened.go(asked(url))
        assert await violations(opened.page) == []
        stops = await tabbed(opened.page)
        assert len(stops) == len(PEOPLE)
        assert all(stop["outlined"] and not stop["hidden"] for stop in stops)


async def test_whoever_is_chosen_by_keyboard_goes_back_and_the_policy_lets_them(
    url: str, browser: Browser
) -> None:
    async with window(browser, url) as opened:
        await opened.go(asked(url))
        await opened.page.keyboard.press("Tab")
        await opened.page.keyboard.press("Enter")
        await opened.page.wait_for_url("**/callback?*")
        answer = parse_qs(urlsplit(opened.page.url).query)
        assert (answer["state"], answer["iss"], len(answer["code"])) == (["the-state"], [url], 1)
        assert opened.troubles == []
