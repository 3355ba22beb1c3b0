"""The real vLLM on the CPU, for as long as a measurement takes."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import requests

from leanrag.core.errors import ToolError
from leanrag.core.files import cache_dir
from leanrag.core.process import kill_group, run
from leanrag.local.assets import asset
from leanrag.local.environments import environment

START, STOP = 300.0, 30.0
KV_GIB = 1
_QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


def small_llama() -> Path:
    """Return the folder of a model whose prompts cost what can be measured, made once (about 20 s)."""
    target = cache_dir() / "gate-bench" / "small-llama"
    if not (target / "tokenizer_config.json").is_file():
        shutil.rmtree(target, ignore_errors=True)
        argv = (environment("vllm") / "bin" / "python", Path(__file__).with_name("mkmodel.py"), asset("tiny-llama"))
        run([*argv, target], what="making small-llama", timeout=600, env={"PATH": "/usr/bin:/bin", **_QUIET})
    return target


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Engine:
    """A context manager: `vllm serve` of a model under the name `small`; `url` has no /v1."""

    def __init__(self, model: Path, arguments: Sequence[str], log: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        folder = environment("vllm") / "bin"
        argv = [folder / "vllm", "serve", model, "--served-model-name", "small", "--dtype", "bfloat16"]
        argv += ["--enforce-eager", "--max-model-len", "4096", "--host", "127.0.0.1", "--port", str(port), *arguments]
        env = {"HOME": os.environ["HOME"], "PATH": f"{folder}:/usr/bin:/bin", "VLLM_CPU_KVCACHE_SPACE": str(KV_GIB)}
        self._log, self._said = log, log.open("w")
        self.process = _start([str(part) for part in argv], {**env, **_QUIET}, self._said)

    def __enter__(self) -> Self:
        end = time.monotonic() + START
        try:
            while not self._healthy():
                if self.process.poll() is not None or time.monotonic() > end:
                    raise ToolError(f"vllm serve did not start: {_why(self._log)}", hint="run it by hand")
                time.sleep(1)
        except BaseException:
            kill_group(self.process.pid)
            raise
        return self

    def _healthy(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            pass
        finally:
            kill_group(self.process.pid)
            self.process.wait()
            self._said.close()


def _why(log: Path) -> str:
    # The first error is the cause; what follows are those that waited for it.
    lines = log.read_text().splitlines()
    return next((line for line in lines if "Error: " in line), "\n".join(lines[-3:]))[:400]


def _start(argv: Sequence[str], env: dict[str, str], said: IO[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, env=env, stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
