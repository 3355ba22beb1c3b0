"""What a scalar means to Kubernetes: go.yaml.in/yaml/v2 v2.4.2 resolve.go, then JSON, then int64 or float64."""

import base64
import re
import struct
from decimal import Decimal
from functools import lru_cache

Scalar = None | bool | int | float | str

YAML = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "<<": "<<"}
for _value, _names in ((True, ("y", "yes", "true", "on")), (False, ("n", "no", "false", "off"))):
    _WORDS |= {form: _value for name in _names for form in (name, name.capitalize(), name.upper())}
_NUMBERS = {f"{sign}.{form}": float(f"{sign}inf") for sign in ("", "+", "-") for form in ("inf", "Inf", "INF")} | {
    f".{form}": float("nan") for form in ("nan", "NaN", "NAN")
}
_BEGINS_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]{0,19}))", re.ASCII)
_BASES = (2, 16, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
# A word that begins with a dot is read by Go's own ParseFloat, to which 1_0 is no number.
_DOTTED = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TAGGED = {"bool": bool, "int": int, "float": float, "null": type(None)}
_INT64, _UINT64 = 2**63, 2**64


@lru_cache(maxsize=4096)
def plain(word: str) -> Scalar:
    """Return what a bare word is, before JSON: infinities and NaN are floats here, integers reach to 2^64 - 1."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _BEGINS_NUMBER:
        return word
    if word in _NUMBERS:
        return _NUMBERS[word]
    if word[0] == ".":
        return _finite(word, word) if _DOTTED.fullmatch(word) else word
    digits = word.replace("_", "")
    integer = _integer(digits)
    if integer is not None:
        return integer
    return _finite(digits, word) if _FLOAT.fullmatch(digits) else word


def _integer(digits: str) -> int | None:
    if digits.startswith(("0b+", "0b-")) and not digits[3:].strip("01") and digits[3:]:
        value = int(digits[2:], 2)  # Go takes a sign after the prefix, too
        return value if -_INT64 <= value < _INT64 else None
    found = _INTEGER.fullmatch(digits)
    if not found:
        return None
    sign, *bodies = found.groups()
    value = next(int(body, base) for body, base in zip(bodies, _BASES, strict=True) if body is not None)
    value = -value if sign == "-" else value
    return value if -_INT64 <= value < (_INT64 if sign else _UINT64) else None


def _finite(digits: str, word: str) -> float | str:
    """Return a float, or the word itself where it is larger than any."""
    value = float(digits)
    return word if value in (float("inf"), float("-inf")) else value


def tagged(tag: str, word: str) -> Scalar:
    """Return what a scalar with an explicit tag is; ValueError where its tag and its text disagree."""
    short = tag.removeprefix(YAML)
    if short == "binary":
        return _binary(word)
    if short == "timestamp":
        raise ValueError("a !!timestamp is text to Kubernetes; write it as text")
    if short not in _TAGGED:
        return word  # of a foreign tag only the text remains
    value = plain(word)
    if short == "float" and type(value) is int and value < _INT64:
        return float(value)
    if type(value) is not _TAGGED[short]:
        raise ValueError(f"{word!r} is no {short}, as its tag says")
    return value


def _binary(word: str) -> str:
    packed = word.replace("\r", "").replace("\n", "")
    if not _BASE64.fullmatch(packed):
        raise ValueError("what !!binary marks is not base64")
    text = base64.b64decode(packed).decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", "\ufffd", text)  # as JSON does in Go: one mark for each byte that is no text


def value(scalar: Scalar) -> Scalar:
    """Return a scalar as it comes out of JSON: int64 where it can be, else float64; ValueError for NaN and infinity."""
    if type(scalar) is float:
        return _through_json(scalar)
    if type(scalar) is int and scalar >= _INT64:
        return float(scalar)
    return scalar


def _through_json(number: float) -> int | float:
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("infinity and NaN are no numbers in Kubernetes")
    if abs(number) >= 1e21 or not number.is_integer():
        return number
    written = int(Decimal(repr(number)))
    return written if -_INT64 <= written < _INT64 else number


def key(scalar: Scalar) -> str:
    """Return the JSON key that a scalar key becomes; ValueError for null and integers beyond int64."""
    if isinstance(scalar, str):
        return scalar
    if scalar is None or (type(scalar) is int and scalar >= _INT64):
        raise ValueError("a key must be a word; quote it")
    if isinstance(scalar, bool):
        return str(scalar).lower()
    return _float_key(scalar) if isinstance(scalar, float) else str(scalar)


def _float_key(number: float) -> str:
    """Return Go's FormatFloat(number, 'g', -1, 32): the fewest digits that are the same float32."""
    if number != number:
        return ".nan"
    try:
        single = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        single = float("inf") if number > 0 else float("-inf")
    if single in (float("inf"), float("-inf")):
        return ".inf" if single > 0 else "-.inf"
    digits = next(text for text in (f"{single:.{n}e}" for n in range(9)) if _same_single(text, single))
    mantissa, _, exponent = digits.partition("e")
    if -4 <= int(exponent) < 6:
        return f"{Decimal(digits):f}"
    return f"{mantissa}e{exponent}"


def _same_single(text: str, single: float) -> bool:
    return bool(struct.unpack("f", struct.pack("f", float(text)))[0] == single)
