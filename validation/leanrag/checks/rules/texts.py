"""What a text holds beside itself: flags of a command, lines of a configuration file, the password of an address."""

import re
from collections.abc import Iterator

# --api-key=…, --password …; a flag that ends otherwise (--token-file) names a place.
_FLAG = re.compile(
    r"(?<!\S)--?((?:[a-z]+-)*(?:password|passwd|secret|token|api-?key|access-?key))[= ]([^\s\"']+)", re.IGNORECASE
)
# key: value or key = value, alone on its line: YAML, JSON, properties, INI.
_LINE = re.compile(
    r"""^[ \t-]*["']?([\w.-]{1,80})["']?[ \t]*[:=][ \t]*["']?([^\s"',;(){}\[\]]+)["']?[ \t]*,?\r?$""", re.MULTILINE
)
# Programs have names on both sides of an equals sign.
_PROGRAM = re.compile(r"\.(py|sh|bash|js|ts|go|lua|sql|md|rego|tpl)$", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:([^\s/@\"']+)@", re.IGNORECASE)
# A reference, a placeholder, or the word for what should stand there.
_NO_PASSWORD = re.compile(r"[$<{*%]|^(x+|pass|passw(or)?d|secret|token|user(name)?|\.+)$", re.IGNORECASE)


def pairs(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and values that a text holds; `name` is what the text itself is called."""
    yield from _FLAG.findall(text)
    if "\n" in text and not _PROGRAM.search(name) and not text.startswith("#!"):
        yield from _LINE.findall(text)


def password_in_address(text: str) -> bool:
    """Say whether an address in a text carries a password: scheme://user:password@host."""
    return "@" in text and any(not _NO_PASSWORD.search(each) for each in _ADDRESS.findall(text))
