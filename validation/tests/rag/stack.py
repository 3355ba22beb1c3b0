"""A real Llama Stack or OGX for the tests: its own session, its own folder, the stand-in as its only engine."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import requests

from leanrag.core.files import cache_dir
from leanrag.core.process import kill_group, last_lines
from leanrag.rag.standin.server import CHAT_MODEL, EMBEDDING_MODEL, Engine

HERE = Path(__file__).parent
KEY = "the-right-key"
VENVS = {"llamastack": ("llama-stack", "LEANRAG_LLAMA_STACK", "llama"), "ogx": ("ogx", "LEANRAG_OGX", "ogx")}
START_SECONDS = 60.0
NONE: Mapping[str, str] = MappingProxyType({})


def program(api: str) -> Path:
    """The server's program; it may not exist."""
    name, variable, command = VENVS[api]
    return Path(os.environ.get(variable) or cache_dir() / "venvs" / name) / "bin" / command


def minilm_folder() -> Path:
    """The folder of the embedding weights; it may not exist."""
    return Path(os.environ.get("LEANRAG_MINILM") or cache_dir() / "models" / "minilm")


def tiktoken_folder() -> Path:
    """The folder of the encoding that the servers load at their start; it may not exist."""
    return Path(os.environ.get("TIKTOKEN_CACHE_DIR") or cache_dir() / "tiktoken")


class Doorkeeper(ThreadingHTTPServer):
    """The endpoint that a server with `auth: custom` asks about each key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/validate"


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        good = asked.get("api_key") == KEY
        body = json.dumps({"principal": "smoke", "attributes": {"teams": ["smoke"]}, "message": "ok"}).encode()
        self.send_response(200 if good else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass
class Stack:
    """A server that was started; `contract` is the rag.json that describes it."""

    api: str
    url: str
    engine: Engine
    door: Doorkeeper
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def contract(self) -> dict[str, object]:
        return {
            "api": self.api,
            "url": self.url,
            "vectorStore": "milvus-lite",
            "provider": "milvus",
            "models": {"chat": f"vllm/{CHAT_MODEL}", "embedding": f"vllm-embed/{EMBEDDING_MODEL}"},
            "dimension": 384,
            "searchModes": ["vector", "keyword", "hybrid"],
            "filters": True,
            "chunk": {"sizeTokens": 100, "overlapTokens": 20},
            "asyncAttach": self.api == "ogx",
            "auth": {"mode": "custom", "secretName": "rag-client", "secretKey": "key"},
        }

    def wait(self) -> "Stack":
        """Return when the server is healthy; a crash or silence fails with its last lines."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/v1/health", timeout=2).json().get("status") == "OK":
                    return self
            except (requests.RequestException, ValueError):
                pass
            time.sleep(0.2)
        raise AssertionError(f"{self.api} did not start: {last_lines(self.log.read_text(errors='replace'))}")

    def stop(self) -> None:
        """Kill the server and everything it started; its folder is thrown away, so it need not tidy up."""
        kill_group(self.process.pid)
        self.process.wait()
        for server in (self.engine, self.door):
            server.shutdown()
            server.server_close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def start(
    api: str, folder: Path, engine: Engine, before: tuple[str, ...] = (), more: Mapping[str, str] = NONE
) -> Stack:
    """Start a server without waiting for it; `before` names programs of its environment that start it."""
    door, port = Doorkeeper(), free_port()
    verb = "stack run" if api == "llamastack" else "run"
    argv = [
        *(program(api).with_name(name) for name in before),
        program(api),
        *verb.split(),
        HERE / "stacks" / f"{api}.yaml",
        "--port",
        str(port),
    ]
    argv += ["--insecure"] if api == "ogx" else []
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),  # both write caches and registries below HOME
        "STATE_DIR": str(folder),
        "ENGINE_URL": engine.url,
        "AUTH_URL": door.url,
        "TIKTOKEN_CACHE_DIR": str(tiktoken_folder()),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "OTEL_SDK_DISABLED": "true",
        # Rich, the default, renders each unhandled error for 5.5 CPU seconds and blocks the server meanwhile.
        "LLAMA_STACK_LOG_FORMAT": "json",
        "OGX_LOG_FORMAT": "json",
        **more,
    }
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    return Stack(api, f"http://127.0.0.1:{port}", engine, door, process, log)
