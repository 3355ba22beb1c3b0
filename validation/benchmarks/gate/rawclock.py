"""The leanest client there is, to measure others by: raw sockets, one loop, no HTTP library, no JSON.

`python rawclock.py URL STREAMS REQUESTS TOKENS` keeps STREAMS requests in flight and prints a list of
[sent, TTFT, end to end] in seconds. The clock starts before the request is written and stops when bytes arrive.
"""

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_MOST = 65536


@dataclass(slots=True)
class Stream:
    """One connection and the request that is under way on it."""

    socket: socket.socket
    sent: float = 0.0
    first: float = 0.0
    tail: bytes = b""


def request(host: str, index: int, tokens: int) -> bytes:
    """Return a chat request as it goes over the wire."""
    asked = {
        "model": "known",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": tokens,
        "messages": [{"role": "user", "content": f"{index} " + "word " * 15}],
    }
    body = json.dumps(asked).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def measure(url: str, streams: int, requests: int, tokens: int) -> list[list[float]]:
    """Send all requests and return their times."""
    place = urlsplit(url)
    assert place.hostname and place.port
    ready, rows = [request(place.netloc, index, tokens) for index in range(requests)], list[list[float]]()
    ready.reverse()
    with selectors.DefaultSelector() as loop:
        for _ in range(min(streams, requests)):
            one = Stream(socket.create_connection((place.hostname, place.port)))
            one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop.register(one.socket, selectors.EVENT_READ, one)
            _send(one, ready.pop())
        while len(rows) < requests:
            for key, _ in loop.select():
                if row := _received(key.data):
                    rows.append(row)
                    if ready:
                        _send(key.data, ready.pop())
    return rows


def _send(one: Stream, data: bytes) -> None:
    one.first, one.tail, one.sent = 0.0, b"", time.monotonic()
    one.socket.sendall(data)


def _received(one: Stream) -> list[float] | None:
    """Read what is there; the row when the answer has ended."""
    data = one.socket.recv(_MOST)
    now = time.monotonic()
    if not data:
        raise ConnectionError("the server closed the connection")
    one.first = one.first or now
    one.tail = (one.tail + data)[-16:]
    # The last chunk of the body has no bytes.
    return [one.sent, one.first - one.sent, now - one.sent] if one.tail.endswith(b"\r\n0\r\n\r\n") else None


if __name__ == "__main__":
    json.dump(measure(sys.argv[1], *map(int, sys.argv[2:5])), sys.stdout)
