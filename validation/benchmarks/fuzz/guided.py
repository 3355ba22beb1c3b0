"""Fuzz one target with atheris, which looks for ways that were not taken yet: `guided.py TARGET SECONDS`."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["leanrag.core", "leanrag.checks", "yaml"]):
    from targets import targets

SLOW = 30  # seconds for one text


def main() -> None:
    """Fuzz until the time is over; libFuzzer then ends the process, with status 0 when nothing was found."""
    name, seconds = sys.argv[1:]
    target = next(each for each in targets() if each.name == name)
    with tempfile.TemporaryDirectory(prefix="leanrag-corpus-") as folder:
        for number, text in enumerate(target.seeds):
            (Path(folder) / f"{number:05d}").write_text(text, encoding="utf-8", errors="replace")
        limits = (
            f"-max_total_time={seconds}",
            f"-timeout={SLOW}",
            "-rss_limit_mb=4096",
            "-max_len=8192",
            "-print_final_stats=1",
        )
        artifacts = f"-artifact_prefix={tempfile.gettempdir()}/leanrag-fuzz-{name}-"
        atheris.Setup([sys.argv[0], *limits, artifacts, folder], lambda data: target.run(data.decode(errors="replace")))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
