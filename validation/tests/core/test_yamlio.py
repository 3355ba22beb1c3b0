"""YAML must mean the same here as in the API server: the expected values are those of sigs.k8s.io/yaml v1.6.0."""

from pathlib import Path

import pytest

from leanrag.core import yamlio
from leanrag.core.errors import InputError, YamlError

AS_KUBERNETES = [
    ("on", True),
    ("y", True),
    ("N", False),
    ("0644", 420),
    ("0o644", 420),
    ("089", 89),
    ("0x1F", 31),
    ("22:22", "22:22"),
    ("1e3", 1000),
    ("1_000", 1000),
    ("2024-01-01", "2024-01-01"),
    ("8Gib", "8Gib"),
    ("1.50", 1.5),
    ("-5", -5),
    ("~", None),
    ("", None),
    ("'y'", "y"),
]


@pytest.mark.parametrize(("scalar", "value"), AS_KUBERNETES)
def test_scalars_are_read_as_kubernetes_reads_them(scalar: str, value: object) -> None:
    assert yamlio.load(f"a: {scalar}", "f.yaml") == {"a": value}


def test_keys_become_strings_as_in_json() -> None:
    assert yamlio.load("n: x\n1: a\n", "f.yaml") == {"false": "x", "1": "a"}


def test_merged_keys_are_merged() -> None:
    assert yamlio.load("base: &b {k: 1, l: 2}\nown: {<<: *b, m: 3}", "f")["own"] == {"k": 1, "l": 2, "m": 3}


@pytest.mark.parametrize("own", ["{<<: *b, k: 3}", "{k: 3, <<: *b}"])
def test_a_key_beside_the_same_merged_one_is_refused_since_their_order_would_decide(own: str) -> None:
    with pytest.raises(YamlError, match=r"f:2:\d+: key 'k' is repeated"):
        yamlio.load(f"base: &b {{k: 1}}\nown: {own}", "f")


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a: 1\na: 2", "f.yaml:2:1", "repeated"),
        ("m:\n  b: 1\n  b: 2", "f.yaml:3:3", "repeated"),
        ("a: .nan", "f.yaml:1:4", "no numbers"),
        ("a: [1", "f.yaml:", "expected"),
        ("a: 1\n---\nb: !!int x", "f.yaml:3:4", "no int"),
        ("a: 1\n--- {b: 2}", "f.yaml:2:1", "holds nothing else"),
        ("%YAML 1.1\n---\na: 1", "f.yaml:1:1", "directive"),
        ('a: "\\/"', "f.yaml:1:4", "no escape"),
        ("a: [b?c]", "f.yaml:1:5", "begins a key"),
        ("a: &b [*b]", "f.yaml:1:4", "contains itself"),
        ("[" * 1_000_000, "f.yaml:1:129", "levels"),
        ("a:\tb\n\tc: d", "f.yaml:2:", "tab"),
        ("{[1]: 2}", "f.yaml:1:2", "plain word"),
    ],
)
def test_what_kubernetes_refuses_is_refused_with_its_place(text: str, place: str, word: str) -> None:
    with pytest.raises(YamlError) as caught:
        yamlio.load(text, "f.yaml")
    assert caught.value.message.startswith(place)
    assert word in caught.value.message


def test_a_foreign_tag_is_dropped_and_runs_nothing() -> None:
    assert yamlio.load("a: !!python/object/apply:os.system [x]", "f") == {"a": ["x"]}


def test_an_anchor_may_be_defined_again() -> None:
    assert yamlio.load("a: &b 1\nc: &b 2\nd: *b", "f") == {"a": 1, "c": 2, "d": 2}


def test_a_text_too_large_is_refused() -> None:
    with pytest.raises(YamlError, match="more than"):
        yamlio.load(" " * (yamlio.MAX_BYTES + 1), "f")


def test_an_alias_bomb_ends_early() -> None:
    lines = ["a: &a [x, x]"] + [
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 90)}]" for i in range(5)
    ]
    with pytest.raises(YamlError, match="aliases"):
        yamlio.load("\n".join(lines), "bomb.yaml")


def test_what_is_written_reads_back_equal() -> None:
    value = {"a": "y", "b": ["0644", 1, None, True, {"c": "1e3"}], "d": "line\nline\n"}
    assert yamlio.load(yamlio.dump(value), "f") == value


@pytest.mark.parametrize(
    "word", ["a\x85b", "\x85\n", "\u2028", "\ufeff", "a\tb", "\x07", "<<", "=", "0b+1", ".5_0", " a\n b", "a\n\n"]
)
def test_what_could_be_read_otherwise_is_written_in_quotes(word: str) -> None:
    assert yamlio.load(yamlio.dump({word: [word]}), "f") == {word: [word]}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: no such file"):
        yamlio.read(tmp_path / "absent.yaml")
