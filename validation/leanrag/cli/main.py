"""The command line: verbs print and exit; everything they know comes from the layers below."""

import os
import signal
import sys
from importlib import import_module
from types import FrameType

import click

from leanrag import __version__
from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.progress import say

NO_ANSWER = 2


# Verb → module and function. Imported when called: `leanrag check` need not wait for what `leanrag demo` needs.
VERBS = {
    "bench": ("leanrag.cli.bench", "bench_group"),
    "capacity": ("leanrag.cli.capacity", "capacity_verb"),
    "check": ("leanrag.cli.check", "check_verb"),
    "cluster": ("leanrag.cli.cluster", "cluster_group"),
    "clusters": ("leanrag.cli.repository", "clusters_verb"),
    "compare": ("leanrag.cli.compare", "compare_verb"),
    "demo": ("leanrag.cli.local", "demo_verb"),
    "diagnose": ("leanrag.cli.diagnose", "diagnose_verb"),
    "diff": ("leanrag.cli.diff", "diff_verb"),
    "gate": ("leanrag.cli.gate", "gate_group"),
    "images": ("leanrag.cli.images", "images_group"),
    "init": ("leanrag.cli.repository", "init_verb"),
    "judge": ("leanrag.cli.measure", "judge_verb"),
    "load": ("leanrag.cli.measure", "load_verb"),
    "local": ("leanrag.cli.local", "local_group"),
    "promote": ("leanrag.cli.promote", "promote_group"),
    "prune": ("leanrag.cli.operate", "prune_verb"),
    "release": ("leanrag.cli.promote", "release_verb"),
    "render": ("leanrag.cli.render", "render_verb"),
    "report": ("leanrag.cli.gate", "report_verb"),
    "resync": ("leanrag.cli.operate", "resync_verb"),
    "rollback": ("leanrag.cli.promote", "rollback_verb"),
    "size": ("leanrag.cli.size", "size_verb"),
    "slo": ("leanrag.cli.slo", "slo_group"),
    "smoke": ("leanrag.cli.measure", "smoke_verb"),
    "status": ("leanrag.cli.operate", "status_verb"),
    "tools": ("leanrag.cli.local", "tools_verb"),
}


class Verbs(click.Group):
    """A group that imports a verb when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of `--help`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb by name; click words the error for an unknown one."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name]
        verb: click.Command = getattr(import_module(module), name)
        return verb


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leanrag")
def cli() -> None:
    """Checks, smoke tests, load, judgement and promotion for RAG services run by GitOps.

    Exit 0 = yes (clean, PASS), 1 = no (findings, FAIL), 2 = no answer (bad input, unreachable, INCONCLUSIVE).
    """


def main() -> None:
    """Run a verb; whatever a user can cause ends in one sentence and exit 2, never in a traceback."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        code = cli.main(standalone_mode=False)
    except LeanragError as error:
        code = _tell(error.message, error.hint)
    except click.ClickException as error:
        error.show()
        code = NO_ANSWER
    except (KeyboardInterrupt, click.Abort):
        code = _tell("stopped by Ctrl-C", "nothing is left running; start again when ready")
    except BrokenPipeError:
        # The reader of stdout went away (`leanrag render | head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = NO_ANSWER
    except OSError as error:
        code = _tell(
            f"{error.filename or 'the system'}: {error.strerror}", "free space or correct permissions, then again"
        )
    sys.exit(code if isinstance(code, int) else 0)


def _stop(number: int, frame: FrameType | None) -> None:
    raise StoppedError("stopped by SIGTERM")


def _tell(message: str, hint: str) -> int:
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")
    return NO_ANSWER
