"""A small web server on the loopback interface with files, which can misbehave in many ways."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Page:
    """What is answered; of a page that ``stalls`` nothing comes after the body, and it has no end."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    stalls: bool = False


@dataclass
class FileHost:
    """``pages`` are by path with its query; ``asked`` has each request's target and headers."""

    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def targets(self) -> list[str]:
        return [target for target, _ in self.asked]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            target = head[0].split(" ")[1]
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            self.asked.append((target, headers))
            page = self.pages.get(target, Page(status=404))
            told = {"Content-Length": len(page.body) if page.length is None else page.length, **page.headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            writer.write(f"HTTP/1.1 {page.status} Here\r\n{lines}Connection: close\r\n\r\n".encode())
            writer.write(page.body)
            await writer.drain()
            if page.stalls:
                await reader.read()
        writer.close()


@asynccontextmanager
async def hosting(
    pages: Mapping[str, Page] | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FileHost]:
    host = FileHost(dict(pages or {}))
    server = await asyncio.start_server(host.answer, "127.0.0.1", 0, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
