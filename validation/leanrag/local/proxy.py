"""An HTTP/1.1 proxy that does one wrong thing. Standard library only; it streams, and adds well under 2 ms otherwise.

It reads each request whole (they are small), answers or forwards it on a connection of its own, and passes the response
on as it arrives. `Connection: close` towards the server makes the end of a response plain; towards the client the
framing stays as the server sent it.
"""

import argparse
import asyncio
import contextlib
import json
from dataclasses import dataclass

_CHUNK = 65536
_HEAD_LIMIT = 65536
_FAULT = b'{"error": {"message": "injected by the fault proxy", "type": "server_error", "code": 500}}'


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: `kind`, and its size (slow: seconds; errors: share 0 to 1; cut-stream: pieces let through)."""

    kind: str
    size: float


@dataclass(frozen=True, slots=True)
class Request:
    """A request's method, path, head as bytes, and body."""

    method: str
    path: str
    head: bytes
    body: bytes
    keep: bool

    @property
    def generates(self) -> bool:
        """True for the requests that make an engine write: faults strike these, never probes or metrics."""
        return self.method == "POST" and self.path.rstrip("/").endswith(("/completions", "/responses"))

    @property
    def searches(self) -> bool:
        """True for a vector store search."""
        return self.method == "POST" and "/vector_stores/" in self.path and self.path.rstrip("/").endswith("/search")


class Proxy:
    """Serves one listener; `target` is (host, port)."""

    def __init__(self, target: tuple[str, int], fault: Fault) -> None:
        self._target = target
        self._fault = fault
        self._owed = 0.0  # errors: shares added up, so that of 10 requests at 0.2 exactly 2 fail

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes away."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while request := await read_request(reader):
                if not await self._answer(request, writer) or not request.keep:
                    break
        writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        kind = self._fault.kind
        if kind == "empty-index" and request.searches:
            return await self._say(writer, 200, _empty(request.body))
        if kind == "errors" and request.generates and self._strikes():
            return await self._say(writer, 500, _FAULT)
        if kind == "slow" and request.generates:
            await asyncio.sleep(self._fault.size)
        cut = int(self._fault.size) if kind == "cut-stream" and request.generates else None
        return await self._forward(request, writer, cut)

    def _strikes(self) -> bool:
        self._owed += self._fault.size
        if self._owed < 1 - 1e-9:
            return False
        self._owed -= 1
        return True

    async def _say(self, writer: asyncio.StreamWriter, status: int, body: bytes) -> bool:
        head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    async def _forward(self, request: Request, writer: asyncio.StreamWriter, cut: int | None) -> bool:
        """Pass on one exchange; True when the client's connection can carry another."""
        try:
            upstream, out = await asyncio.open_connection(*self._target, limit=_HEAD_LIMIT)
        except OSError:
            return False  # as a dead server would: the connection ends
        try:
            out.write(request.head + b"connection: close\r\n\r\n" + request.body)
            await out.drain()
            head = await upstream.readuntil(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
            framed = any(line.lower().startswith((b"content-length:", b"transfer-encoding:")) for line in lines)
            writer.write(b"\r\n".join(lines) + (b"" if framed else b"\r\nconnection: close") + b"\r\n\r\n")
            return await _body(upstream, writer, cut if b"text/event-stream" in head.lower() else None) and framed
        finally:
            out.close()


async def _body(upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: int | None) -> bool:
    passed = 0
    while data := await upstream.read(_CHUNK):
        if cut is not None and passed >= cut:
            writer.transport.abort()  # a reset, as when a server dies in the middle
            return False
        writer.write(data)
        await writer.drain()
        passed += 1
    return True


def _empty(body: bytes) -> bytes:
    query = ""
    with contextlib.suppress(ValueError, AttributeError):
        query = json.loads(body).get("query", "")
    page = {"object": "vector_store.search_results.page", "search_query": query, "data": [], "has_more": False}
    return json.dumps({**page, "next_page": None}).encode()


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read one request, or None at the end of the connection; its head comes without the hop's own headers."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    first, *lines = raw[:-4].split(b"\r\n")
    method, path, _ = first.decode("latin-1").split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    body = await _request_body(reader, headers)
    hop = {b"connection", b"transfer-encoding", b"content-length", b"expect"}
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in hop]
    length = [f"content-length: {len(body)}".encode()] if body or method == "POST" else []
    head = b"\r\n".join([first, *kept, *length]) + b"\r\n"
    return Request(method, path.partition("?")[0], head, body, headers.get(b"connection", b"").lower() != b"close")


async def _request_body(reader: asyncio.StreamReader, headers: dict[bytes, bytes]) -> bytes:
    if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
        return await reader.readexactly(int(headers.get(b"content-length") or 0))
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while (await reader.readuntil(b"\r\n")).strip():  # trailers
        pass
    return b"".join(parts)


async def run(host: str, port: int, target: tuple[str, int], fault: Fault) -> None:
    """Listen until the process ends."""
    server = await asyncio.start_server(Proxy(target, fault).serve, host, port, limit=_HEAD_LIMIT)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", required=True, help="host:port")
    parser.add_argument("--fault", choices=("slow", "errors", "empty-index", "cut-stream"), required=True)
    parser.add_argument("--size", type=float, default=0)
    given = parser.parse_args()
    host, _, port = given.target.rpartition(":")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(given.host, given.port, (host, int(port)), Fault(given.fault, given.size)))


if __name__ == "__main__":
    main()
