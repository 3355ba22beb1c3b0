"""A comparison of two revisions as a comment on a pull request: a summary, details folded, never too long."""

import re
from collections.abc import Iterator

from leanrag.changes.model import AppChange, Changes, ClusterChange
from leanrag.changes.summary import summary
from leanrag.report import diff_words as say
from leanrag.report.words import clean

# GitHub takes 65,536 characters in a comment, GitLab a million; what the forge adds around it needs a little.
LIMIT = 65_000
_ROOM = 400
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#@!])")
_MARKS = {"+": "+", "-": "-", "~": "!", "!": "!", "": " "}


def markdown(changes: Changes, limit: int = LIMIT) -> str:
    """Return the comparison in at most `limit` characters; what had to be left out is said."""
    top = "\n".join(_top(changes))
    if len(top) > limit - _ROOM:
        cut = top[: limit - _ROOM].rsplit("\n", 1)[0]
        return f"{cut}\n\n_Cut here: the summary alone is longer than {limit:,} characters._\n"
    left_out: list[str] = []
    folded: list[str] = []
    used = len(top)
    for part, name in _folded(changes):
        if used + len(part) + 1 > limit - _ROOM:
            left_out.append(name)
        else:
            folded.append(part)
            used += len(part) + 1
    more = [_left_out(left_out, limit)] if left_out else []
    return "\n".join([top, *folded, *more]) + "\n"


def _left_out(names: list[str], limit: int) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    why = f"Left out, because a comment holds {limit:,} characters"
    return f"\n_{why}: the details of {shown}. `leanrag diff` shows them._"


def _top(changes: Changes) -> Iterator[str]:
    yield f"### Rendered: {_code(changes.before)} → {_code(changes.after)}"
    if not changes.clusters and not changes.troubles:
        yield "\nNothing that a cluster applies differs."
    for each in changes.troubles:
        yield f"\n**Cannot be compared:** {_plain(f'{each.subject} ({each.side}): {each.message}')}"
    for cluster in changes.clusters:
        yield f"\n**{_plain(cluster.name)}**: {_plain(say.headline(cluster))}\n"
        yield from (f"- **{what}**: {_plain(said)}" for what, said in say.facts(summary(cluster)))
    if changes.same and changes.clusters:
        yield f"\nNothing differs in {_plain(', '.join(changes.same))}."
    yield from (f"\n_{_plain(each)}_" for each in changes.notes)


def _folded(changes: Changes) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for cluster in changes.clusters:
        yield from ((_details(cluster, app, seen), app.name) for app in cluster.apps)


def _details(cluster: ClusterChange, app: AppChange, seen: dict[str, str]) -> str:
    """A blank line after the summary: without it GitHub shows the fence as text."""
    lines = list(say.details(app))
    like = seen.setdefault(say.alike(lines, cluster.name), app.name)
    head = f"<summary>{_html(app.name)}: {_html(say.counts(app))}</summary>"
    if like != app.name and lines:
        return f"\n<details>{head}\n\nAs {_plain(like)}.\n</details>"
    if not lines:
        return f"\n{_plain(app.name)}: {_plain(say.counts(app))}."
    body = "\n".join(f"{_MARKS[sign]} {line}".rstrip() for sign, line in lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    return f"\n<details>{head}\n\n{fence}diff\n{body}\n{fence}\n</details>"


def _plain(text: str) -> str:
    """Return text that Markdown and HTML leave alone; @ would call people."""
    return _SPECIAL.sub(r"\\\1", clean(text)).replace("\\<", "&lt;").replace("\\@", "&#64;")


def _html(text: str) -> str:
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    inside = clean(text)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", inside)), default=0))
    return f"{ticks} {inside} {ticks}" if "`" in inside else f"`{inside}`"
