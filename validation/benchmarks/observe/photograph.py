"""Photographs a page with Chromium, in a width of one's own."""

import shutil
import tempfile
from pathlib import Path

from leanrag.core.errors import ToolError
from leanrag.core.files import write_atomic
from leanrag.core.process import run

WIDE, NARROW = 1280, 480
_LEAST = 2000  # bytes: a smaller PNG shows nothing


def chromium() -> Path:
    """Return Chromium; ToolError where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise ToolError("no chromium on PATH", hint="apt-get install chromium")
    return Path(found)


def photograph(text: str, to: Path, width: int, height: int) -> None:
    """Write a picture of a page, as wide and high as told."""
    with tempfile.TemporaryDirectory(prefix="leanrag-picture-") as folder:
        page, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        write_atomic(page, text)
        argv = (chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        size = (f"--window-size={width},{height}", f"--user-data-dir={folder}/profile")
        run([*argv, *size, f"--screenshot={picture}", page.as_uri()], what="chromium", timeout=120, cwd=Path(folder))
        if not picture.is_file() or picture.stat().st_size < _LEAST:
            raise ToolError(f"chromium made no picture of {to.name}", hint="run it with a display, or look at its log")
        write_atomic(to, picture.read_bytes())
