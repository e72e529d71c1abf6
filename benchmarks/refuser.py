"""A server that reads requests and refuses each without a look: what a generator sees of itself.

python -m benchmarks.refuser

Prints its port.
"""

import asyncio
from typing import cast

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_REFUSED = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}"


class _Refusing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of another class
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(_END)) >= 0:
            _, found, rest = self._read[:end].lower().partition(_LENGTH)
            whole = end + len(_END) + (int(rest.split(b"\r\n")[0]) if found else 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            self._transport.write(_REFUSED)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Refusing, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
