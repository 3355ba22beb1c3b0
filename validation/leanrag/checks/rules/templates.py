"""RND002: what a template must not call, because the same commit would then not always render the same objects.

Argo CD renders again and again, on every replica of its repo-server, without a cluster to ask. Functions are those of
sprig v3.3.0 and of Helm v3.19.5 (pkg/engine/funcs.go).
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from leanrag.checks.files import Files
from leanrag.checks.finding import Finding

_PATTERNS = ("charts/*/templates/**/*", "charts/*/*/templates/**/*", "apps/*/templates/**/*")
_RANDOM = ("gives other bytes at every render", "keep it in a Secret that something else makes, and name that Secret")
_CLOCK = ("reads the clock", "leave it out, or take the time from a value")
_ELSEWHERE = ("asks the cluster, where Argo CD has nothing to answer", "make what it looks for a value")
_RENDERER = ("depends on who renders", "decide by cluster.platform, cluster.openshiftAI or a value of its own")
_ORDER = ("gives its items in another order at every render", "pipe it through sortAlpha, or range over the map itself")
_IMPURE: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt"), _RANDOM),
    **dict.fromkeys(
        ("genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey"), _RANDOM
    ),
    **dict.fromkeys(("genSignedCert", "genSignedCertWithKey", "uuidv4", "shuffle"), _RANDOM),
    **dict.fromkeys(("bcrypt", "htpasswd", "encryptAES"), _RANDOM),
    **dict.fromkeys(("now", "ago"), _CLOCK),
    **dict.fromkeys(("lookup", "getHostByName"), _ELSEWHERE),
    "APIVersions": _RENDERER,
}
_UNORDERED = ("keys", "values")
_HINTS = (*_IMPURE, *_UNORDERED)
_COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
# Possessive, so that no text makes the search slow.
_STRING = r'"(?:\\.|[^"\\\n])*+"|`[^`]*+`'
_ACTION = re.compile(rf"\{{\{{(?:[^\"`}}]++|{_STRING}|[\"`]|\}}(?!\}}))*+\}}\}}")
_BLANKED = re.compile(_STRING)
# A function stands alone; a field follows a dot. APIVersions is a field of Capabilities.
_WORD = re.compile(r"(?<![\w.$])[a-z]\w*|(?<=Capabilities\.)APIVersions\b")


def renders_are_pure(files: Files) -> Iterator[Finding]:
    """RND002: a render is a pure function of its inputs."""
    for path in sorted({path for pattern in _PATTERNS for path in files.root.glob(pattern)}):
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        if any(word in text for word in _HINTS):
            yield from _findings(path.relative_to(files.root), text)


def _findings(path: Path, text: str) -> Iterator[Finding]:
    text = _COMMENT.sub(_blank, text)
    for action in _ACTION.finditer(text):
        code = _BLANKED.sub(_blank, action.group())
        for word in _WORD.finditer(code):
            why = _reason(word.group(), code)
            if why:
                line = text.count("\n", 0, action.start() + word.start()) + 1
                yield Finding(
                    "RND002", "", str(path), "", f"{word.group()} {why[0]}", why[1], line, culprit=word.group()
                )


def _reason(word: str, code: str) -> tuple[str, str] | None:
    if word in _UNORDERED:
        ranged = re.match(r"\{\{-?\s*range\b", code)
        return _ORDER if ranged and "sortAlpha" not in code else None
    return _IMPURE.get(word)


def _blank(found: re.Match[str]) -> str:
    """Return as many blanks, and the ends of lines, so that places stay what they are."""
    return re.sub(r"[^\n]", " ", found.group())
