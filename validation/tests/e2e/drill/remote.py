"""The Git server of the drill: the bench's own program on loopback, with a bare repository a fault."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from leanrag.core.process import kill_group

HOST = "127.0.0.1"


class Remote:
    """Serves `folder`/<name>.git; `folder`/users says who may come. See leanrag.bench.githttp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self._port = probe.getsockname()[1]
        argv = [sys.executable, "-m", "leanrag.bench.githttp", str(folder), HOST, str(self._port)]
        with (folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self._port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the drill's Git server does not start: {(self.folder / 'server.log').read_text()}")

    def url(self, name: str) -> str:
        """Return the address of a repository."""
        return f"http://{HOST}:{self._port}/{name}.git"

    def path(self, name: str) -> Path:
        """Return where a repository lies."""
        return self.folder / f"{name}.git"

    def copy(self, template: Path, name: str) -> None:
        """Make a repository of its own for one fault; unchanged objects are shared with the template."""
        subprocess.run(["git", "clone", "-q", "--bare", "--local", str(template), str(self.path(name))], check=True)
        for key, value in {"http.receivepack": "true", "receive.denyNonFastForwards": "true"}.items():
            subprocess.run(["git", "-C", str(self.path(name)), "config", key, value], check=True)

    def hook(self, name: str, hook: str, script: str) -> None:
        """Give a repository a hook, such as `pre-receive`."""
        path = self.path(name) / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script, encoding="utf-8")
        path.chmod(0o755)

    def fault(self, kind: str, fetches: bool = False) -> None:
        """Let all pushes (and fetches) go wrong: gone, cut-before, cut-after."""
        content = {"kind": kind, "seconds": 0, "user": None, "fetches": fetches}
        (self.folder / "fault.json").write_text(json.dumps(content), encoding="utf-8")

    def heal(self) -> None:
        """End the fault."""
        (self.folder / "fault.json").unlink(missing_ok=True)

    def close(self) -> None:
        """Stop the server."""
        kill_group(self._process.pid)
        self._process.wait()
