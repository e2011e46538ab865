"""Heads of requests, which are kept in memory until they are whole."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_BYTES = 64 * 1024


class SmallHeads(HttpToolsProtocol):
    """Answers 400 as soon as the first line and the fields of a request have more bytes.

    httptools takes any number. Of a head that begins or ends in it, a piece does not count.
    """

    _within = False
    _received = 0

    def data_received(self, data: bytes) -> None:
        head = self.headers
        super().data_received(data)
        if self._within and self.headers is head and not self.transport.is_closing():
            self._received += len(data)
            if self._received > _MOST_BYTES:
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._within, self._received = True, 0

    def on_headers_complete(self) -> None:
        self._within = False
        super().on_headers_complete()
