"""`python -m leanrag.engine`: read anew what programs know; VERSION pins a wheel of vLLM, `--help` tells the rest."""

import argparse
import sys
from pathlib import Path

from leanrag.core.errors import InputError, LeanragError
from leanrag.core.progress import say
from leanrag.engine import family_file, listing, origin
from leanrag.engine.lists import engine
from leanrag.engine.registry import everything
from leanrag.engine.wheels import PINS, pin


def main(arguments: list[str]) -> int:
    """Pin and read what is asked for, then write the lists; exit 2 with one sentence when that is not possible."""
    asked = _parser().parse_args(arguments)
    try:
        for version in asked.versions:
            made, known = pin(version), engine(version)
            say(f"vLLM {version}: {made.megabytes} MB, {len(known.flags)} arguments, {len(known.metrics)} metrics")
            say(f"pinned in {PINS}")
        if asked.versions or asked.registry:
            family_file.write()
            say(f"written: {family_file.PATH}")
        for name in asked.read:
            origin.write(name, dict(map(_checkout, asked.checkout)))
            say(f"written: {origin.path(name)}")
        everything.cache_clear()
        listing.write()
        say(f"written: {listing.path()}")
    except LeanragError as error:
        say(f"error: {error.message}")
        say(f"hint: {error.hint}")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leanrag.engine", description="Read anew what programs know.")
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="of vLLM: pin its wheel and read it")
    parser.add_argument("--registry", action="store_true", help="write families/vllm.yaml and docs/metrics.md")
    parser.add_argument("--read", action="append", default=[], metavar="FAMILY", help="write a family from its sources")
    told = "a repository that a family is read from"
    parser.add_argument("--checkout", action="append", default=[], metavar="OWNER/NAME@TAG=FOLDER", help=told)
    return parser


def _checkout(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not Path(folder).is_dir() or not folder:
        raise InputError(f"--checkout {text}: no such folder", hint="write owner/name@tag=FOLDER")
    return name, Path(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
