"""Serves texts as /metrics on loopback, each under a path of its own, from a thread that ends with the block."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Text = Callable[[], str]
_PLAIN, _OPEN = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"


@contextmanager
def served(texts: Mapping[str, Text]) -> Iterator[str]:
    """Serve the texts by path (/name) while the block runs; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = texts.get(self.path.removeprefix("/"))
            body = text().encode() if text else b""
            self.send_response(200 if text else 404)
            self.send_header("Content-Type", _OPEN if body.endswith(b"# EOF\n") else _PLAIN)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
