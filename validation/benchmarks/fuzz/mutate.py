"""Texts near other texts: pieces of YAML anywhere, and values in the places of others."""

import copy
from typing import Any

from hypothesis import strategies as st
from targets import Target, places

from leanrag.core import yamlio
from leanrag.core.errors import YamlError

BITS = (
    *(
        "\n",
        "\n  ",
        "\n- ",
        "\n---\n",
        "\n...\n",
        " ",
        "  ",
        "\t",
        ": ",
        ":",
        "- ",
        "? ",
        "?",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
    ),
    *(
        "&b ",
        "*b",
        " # c",
        "|\n",
        ">-\n",
        "|2\n",
        "'",
        '"',
        "\\",
        "\\n",
        "\\/",
        "!!str ",
        "!!int ",
        "!x ",
        "! ",
        "<<: ",
    ),
    *(
        "a",
        "on",
        "y",
        "1e3",
        "0o7",
        "0644",
        "1_0",
        "null",
        "~",
        "\r\n",
        "\r",
        "\x85",
        "\u2028",
        "\ufeff",
        "%YAML 1.1\n",
    ),
    *("@", "`", "=", "é", "\U0001f600", "\x07", "{{ x }}"),
)
JUNK: tuple[Any, ...] = (
    *(None, [], {}, "", 0, -1, 1.5, True, "x", [None], [[]], {"a": None}, 10**18, 1e300, "\x00", {"": ""}),
    *("a" * 300, "{{ .Values }}", "é", {"a": {"b": []}}),
)
_EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 6), st.sampled_from(("", *BITS))), min_size=1, max_size=6
)
_SWAPS = st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(JUNK)), min_size=1, max_size=4)


def texts(target: Target) -> st.SearchStrategy[str]:
    """Return texts near those of a target; objects and overlays are mostly changed value by value."""
    seeds = st.sampled_from(target.seeds)
    edited = st.builds(_edited, seeds, _EDITS)
    return edited if target.name == "texts" else st.one_of(edited, *[st.builds(_swapped, seeds, _SWAPS)] * 3)


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for place, removed, bit in edits:
        at = place % (len(text) + 1)
        text = text[:at] + bit + text[at + removed :]
    return text


def _swapped(text: str, swaps: list[tuple[int, Any]]) -> str:
    try:
        documents: Any = list(yamlio.load_all(text, "f"))
    except YamlError:
        return text
    for place, junk in swaps if documents else ():
        found = list(places(documents))
        *parents, last = found[place % len(found)]
        holder = documents
        for key in parents:
            holder = holder[key]
        holder[last] = copy.deepcopy(junk)
    return "---\n".join(map(yamlio.dump, documents))
