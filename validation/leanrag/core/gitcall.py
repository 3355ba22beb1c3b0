"""One call of git: a time limit, no prompt, no variables of another repository, credentials from files."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.errors import LeanragError, StoppedError, ToolError
from leanrag.core.process import Completed, last_lines, run

SECONDS = 60.0

# `git rev-parse --local-env-vars` of git 2.39: set by a hook, they would make git answer for another repository.
_FOREIGN = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_COUNT",
        "GIT_OBJECT_DIRECTORY",
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_REPLACE_REF_BASE",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
    )
)
# git runs a helper that starts with "!" in a shell. It reads the files at each call, so a rotated Secret is taken up,
# and nothing secret stands on a command line, in a URL or in an environment variable.
_HELPER = (
    '!f() { test "$1" = get || exit 0; '
    # `read`, not `cat`: an image has a shell and little else. Where the last line has no end it fails, having read it.
    'for each in username password; do IFS= read -r said <"$LEANRAG_GIT_CREDENTIALS/$each" || :; '
    'printf "%s=%s\\n" "$each" "$said"; done; }; f'
)


@dataclass(frozen=True, slots=True)
class Access:
    """How a remote is reached: a folder with the files `username` and `password`, and the CA of a private server."""

    credentials: Path | None = None
    ca: Path | None = None

    @classmethod
    def of(cls, folder: Path | None) -> "Access":
        """Return the access that a folder gives; it may hold the CA as `ca.crt`, as a mounted Secret does."""
        if folder is None:
            return cls()
        ca = folder / "ca.crt"
        login = folder if (folder / "password").is_file() else None
        return cls(login, ca if ca.is_file() else None)

    def settings(self) -> tuple[tuple[str, str], ...]:
        """Return git's settings; an empty helper first drops the ones of the machine."""
        return (
            *((("credential.helper", ""), ("credential.helper", _HELPER)) if self.credentials else ()),
            *((("http.sslCAInfo", str(self.ca.absolute())),) if self.ca else ()),
        )

    def variables(self) -> dict[str, str]:
        """Return what the helper needs to know."""
        return {"LEANRAG_GIT_CREDENTIALS": str(self.credentials.absolute())} if self.credentials else {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls git in one folder."""

    path: Path
    access: Access

    def text(
        self,
        *arguments: str,
        check: bool = True,
        error: type[LeanragError] = ToolError,
        timeout: float = SECONDS,
        hint: str = "",
        settings: Iterable[tuple[str, str]] = (),
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run git and return what it said; `settings` and `variables` hold for this call only."""
        return run(
            ["git", "-C", self.path, *arguments],
            what=f"git {arguments[0]}",
            error=error,
            timeout=timeout,
            env=_environment(self.access, settings, variables or {}),
            check=check,
            hint=hint,
        )

    def raw(self, *arguments: str, given: bytes, variables: Mapping[str, str] | None = None) -> bytes:
        """Give git bytes and return its bytes, for commands whose answer must come back as it is."""
        try:
            done = subprocess.run(
                ["git", "-C", self.path, *arguments],
                input=given,
                capture_output=True,
                timeout=SECONDS,
                env=_environment(self.access, (), variables or {}),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StoppedError(f"git {arguments[0]}: no end after {SECONDS:.0f} s; stopped") from None
        except OSError as problem:
            raise ToolError(f"git {arguments[0]}: cannot start git: {problem.strerror}", hint="install git") from None
        if done.returncode:
            raise ToolError(f"git {arguments[0]}: {last_lines(done.stderr.decode('utf-8', 'replace'))}")
        return done.stdout


def _environment(access: Access, settings: Iterable[tuple[str, str]], more: Mapping[str, str]) -> Mapping[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    kept = {key: value for key, value in kept.items() if not key.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))}
    numbered = list(enumerate((*access.settings(), *settings)))
    config = {f"GIT_CONFIG_KEY_{at}": key for at, (key, _) in numbered}
    config |= {f"GIT_CONFIG_VALUE_{at}": value for at, (_, value) in numbered}
    # Replacement refs would let a repository show other objects than those its commits name.
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
    return {**kept, **fixed, **config, "GIT_CONFIG_COUNT": str(len(numbered)), **access.variables(), **more}
