"""An OpenAI chat server of known latency, in a process of its own: `python validation/benchmarks/gate/server.py`.

It computes nothing. Times to the first token are lognormal, or lognormal with AR(1) in their logarithm in the order of
arrival; gaps between tokens are constant. Every delay counts from the moment when the request had been read, so they do
not add up. It prints its port, obeys POST /settings, and GET /log tells for every request since then when it came (the
machine's monotonic clock), what was drawn, and what was really sent when: the sleep of an event loop ends up to 1 ms
late, so the truth is the log, not the setting.
"""

import argparse
import asyncio
import json
import math
import random
import signal
import time
from dataclasses import dataclass, field
from typing import Any

BACKLOG = 512
_LIMIT = 2**22


@dataclass(slots=True)
class Settings:
    """How it answers. Seconds; `sigma` and `rho` are of the logarithm; `tokens` is used when none are asked for."""

    model: str = "known"
    median: float = 0.1
    sigma: float = 0.0
    rho: float = 0.0
    gap: float = 0.02
    tokens: int = 16
    seed: int = 1


@dataclass(slots=True)
class Served:
    """One request by the server's own clock: when it was read, what was drawn, and what was sent when (seconds)."""

    arrived: float
    drawn: float
    first: float = 0.0
    last: float = 0.0
    tokens: int = 0

    def row(self) -> list[float]:
        """Arrival, drawn TTFT, TTFT and end-to-end latency as sent, tokens."""
        return [self.arrived, self.drawn, self.first - self.arrived, self.last - self.arrived, self.tokens]


@dataclass(slots=True)
class Service:
    """The settings, the random numbers, and what was served since the last settings."""

    settings: Settings = field(default_factory=Settings)
    served: list[Served] = field(default_factory=list)
    draw: random.Random = field(default_factory=random.Random)
    level: float | None = None

    def set(self, told: dict[str, Any]) -> None:
        """Begin anew with these settings; what is not named keeps its default."""
        self.settings, self.served, self.level = Settings(**told), [], None
        self.draw = random.Random(self.settings.seed)

    def first(self) -> float:
        """Draw the next time to the first token, in seconds."""
        now, noise = self.settings, self.draw.gauss(0.0, 1.0)
        stays = 0.0 if self.level is None else now.rho
        self.level = stays * (self.level or 0.0) + math.sqrt(1 - stays**2) * noise
        return now.median * math.exp(now.sigma * self.level)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client closes it."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                lengths = [line.split(":")[1] for line in head if line.lower().startswith("content-length:")]
                body = await reader.readexactly(int(lengths[0])) if lengths else b""
                method, path, _ = head[0].split(" ", 2)
                if method == "POST" and path.endswith("/completions"):
                    await self.stream(json.loads(body), writer, chat=path.endswith("/chat/completions"))
                else:
                    _whole(writer, self.ask(path, body))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    def ask(self, path: str, body: bytes) -> Any:
        """Answer everything that is no completion."""
        if path == "/settings":
            self.set(json.loads(body))
        if path == "/log":
            return [one.row() for one in self.served if one.last]
        return {"object": "list", "data": [{"id": self.settings.model, "object": "model", "root": self.settings.model}]}

    async def stream(self, asked: dict[str, Any], writer: asyncio.StreamWriter, chat: bool) -> None:
        """Send the tokens that were asked for, each at its time."""
        mine = Served(time.monotonic(), self.first())
        self.served.append(mine)
        count = int(asked.get("max_completion_tokens") or asked.get("max_tokens") or self.settings.tokens)
        frames = _frames(asked, count, self.settings.model, chat)
        gap = self.settings.gap
        for index in range(count):
            await _until(mine.arrived + mine.drawn + index * gap)
            writer.write(frames[index])
            mine.first = mine.first or time.monotonic()
        mine.last, mine.tokens = time.monotonic(), count
        writer.write(frames[count])


async def _until(moment: float) -> None:
    # Always gives way, even when it is late, as a real engine's streams do.
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


def _frames(asked: dict[str, Any], count: int, model: str, chat: bool) -> list[bytes]:
    """Return what goes out in each step: the head with the first token, the tokens, and the end with its usage."""
    said = " ".join(str(each["content"]) for each in asked["messages"]) if chat else str(asked["prompt"])
    prompt = len(said.split())
    texts = [_token(f"w{index} ", chat) for index in range(count)]
    ended = {"finish_reason": "length"}
    frames = [
        _event(model, chat, [{"index": 0, **text, **(ended if not texts[index + 1 :] else {})}])
        for index, text in enumerate(texts)
    ]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    # vLLM sends the role in a chunk of its own, at the moment of the first token.
    role = _event(model, chat, [{"index": 0, "delta": {"role": "assistant", "content": ""}}]) if chat else b""
    usage = {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}
    end = _event(model, chat, [], usage) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    return [head + role + frames[0], *frames[1:], end]


def _token(text: str, chat: bool) -> dict[str, Any]:
    return {"delta": {"content": text}} if chat else {"text": text}


def _event(model: str, chat: bool, choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    kind = "chat.completion.chunk" if chat else "text_completion"
    value = {"id": "x", "object": kind, "created": 0, "model": model, "choices": choices, "usage": usage}
    return _chunk(f"data: {json.dumps(value)}\n\n".encode())


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _whole(writer: asyncio.StreamWriter, value: Any) -> None:
    data = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)


async def serve(port: int) -> None:
    """Serve on loopback until a signal; port 0 takes a free one."""
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    server = await asyncio.start_server(Service().answer, "127.0.0.1", port, limit=_LIMIT, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
