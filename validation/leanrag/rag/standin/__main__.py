"""`python -m leanrag.rag.standin --host 127.0.0.1 --port 8000 [--models FOLDER]`: serve until a signal ends it.

VLLM_API_KEY in the environment is asked for under /v1, as vLLM does; /health stays open.
"""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from leanrag.core.errors import LeanragError
from leanrag.core.progress import say
from leanrag.rag.standin.minilm import MiniLM
from leanrag.rag.standin.server import Engine


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Serve the stand-in; 2 with one sentence when the port or the weights cannot be used."""
    parser = argparse.ArgumentParser(prog="leanrag.rag.standin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--models", type=Path, help="folder of all-MiniLM-L6-v2; without it there are no embeddings")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        engine = Engine(options.host, options.port, MiniLM.load(options.models) if options.models else None)
        engine.api_key = os.environ.get("VLLM_API_KEY", "")
    except LeanragError as error:
        say(f"error: {error}\nhint: {error.hint}")
        return 2
    except OSError as error:
        say(f"error: cannot listen on {options.host}:{options.port}: {error.strerror}\nhint: choose another port")
        return 2
    say(f"standin: {', '.join(engine.served)} at {engine.url}")
    with contextlib.suppress(KeyboardInterrupt):
        engine.serve_forever()
    engine.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
