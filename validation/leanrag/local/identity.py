"""The one part that no chart provides: a validator for the RAG server's `custom` authentication. Standard library only.

The server posts {"api_key": …} to /validate; the run's token gets a principal, anything else 401. It decides nothing
about people: on a cluster an identity provider stands here.
"""

import argparse
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "LEANRAG_IDENTITY_TOKEN"
PRINCIPAL = {"principal": "leanrag-gate", "attributes": {"roles": ["gate"], "teams": ["gate"]}, "message": "accepted"}


class Validator(BaseHTTPRequestHandler):
    """GET /health, POST /validate."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer the readiness probe."""
        self._answer(*((200, {"status": "OK"}) if self.path == "/health" else (404, {"message": "no such path"})))

    def do_POST(self) -> None:
        """Accept the one token."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path != "/validate":
            self._answer(404, {"message": "no such path"})
        elif accepted(body, os.environ.get(TOKEN, "")):
            self._answer(200, PRINCIPAL)
        else:
            self._answer(401, {"message": "unknown token"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: requests carry tokens."""

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def accepted(body: bytes, token: str) -> bool:
    """True when the body is a JSON object whose api_key is the token; an empty token accepts nobody."""
    try:
        content = json.loads(body)
    except ValueError:
        return False
    given = content.get("api_key") if isinstance(content, dict) else None
    return bool(token) and isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    ThreadingHTTPServer((given.host, given.port), Validator).serve_forever()


if __name__ == "__main__":
    main()
