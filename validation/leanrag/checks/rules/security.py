"""No secret in Git."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.rules.texts import pairs, password_in_address
from leanrag.checks.scope import Scope
from leanrag.checks.vocabulary import DNS_SUBDOMAIN
from leanrag.core.shapes import mapping
from leanrag.render.manifest import Manifest

_SECRET_NAME = re.compile(
    r"(?i)(passw(or)?d|passphrase|(^|[_-])pwd|secret|token|credentials?"
    r"|(api|access|private|encryption|signing|master|session|cookie|hmac|jwt)[_-]?key)$"
)
# Tokens of a text, of a list's next page, of a cluster that is being founded.
_NO_SECRET = re.compile(
    r"(?i)(max|min|eos|bos|pad|unk|sep|cls|mask|stop|special|first|per|output|prompt|next|page|cluster)[_-]?token$"
)
_TOKENS = (
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("an API key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("an AWS access key", re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("an NVIDIA key", re.compile(r"\bnvapi-[A-Za-z0-9_-]{20,}")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Google key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a Slack token", re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    ("a Vault token", re.compile(r"\bhvs\.[A-Za-z0-9_-]{20,}")),
    ("a Docker Hub token", re.compile(r"\bdckr_pat_[A-Za-z0-9_-]{20,}")),
    ("a storage key", re.compile(r"\bAccountKey=[A-Za-z0-9+/=]{40,}")),
    ("a GitHub token", re.compile(r"\b(ghp|gho|ghs|github_pat)_[A-Za-z0-9_]{20,}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")),
)
_ANY_TOKEN = re.compile("|".join(pattern.pattern for _, pattern in _TOKENS))
# `existingSecret: hub-token` names a Secret; `clientSecret: …` would be one.
_NAMES_A_SECRET = re.compile(r"^(?!client|app|api|shared)[a-z][A-Za-z]*Secret$")
_PUBLIC = re.compile(r"(?i)public|^overrideKeys$|^caBundle$|^checksum/")
_DENSE = re.compile(r"(?<![A-Za-z0-9+/_=:-])[A-Za-z0-9+_=-]{32,}(?![A-Za-z0-9+/_=-])")
# Base64 with its slashes, which a path has, too: every part of it has to look random.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=:.-])[A-Za-z0-9+][A-Za-z0-9+/]{31,}={0,2}(?![A-Za-z0-9+/_.-])")
# Bits a character; random base64 of 32 characters has about 4.7, hexadecimal at most 4.0, prose and names below 4.2.
_ENTROPY = 4.4
_DENSE_LENGTH = 32
_SECRET_FIX = "move it to a Secret that is not in Git, and name that Secret here"
# Words that stand for "no secret" in engines and clients that insist on one.
_EMPTY = {"", "none", "null", "empty", "dummy", "fake", "not-needed", "unused"}


def no_literal_secret(scope: Scope) -> Iterator[Finding]:
    """SEC001: no object that Git holds carries a password, token or key in clear text."""
    for manifest in scope.manifests:
        if manifest.kind == "Secret":
            yield from _secret_object(scope, manifest)
            continue
        if manifest.kind == "CustomResourceDefinition":
            continue
        for path, value in _strings(manifest.body, ()):
            what = secret_in(path, value) or _literal_env(manifest.body, path, value)
            if what:
                yield scope.finding("SEC001", manifest, dotted(path), f"holds {what}", _SECRET_FIX, culprit=value)


def _secret_object(scope: Scope, manifest: Manifest) -> Iterator[Finding]:
    for key in ("data", "stringData"):
        if mapping(manifest.body.get(key)):
            fix = "create it outside Git (ExternalSecret, sealed secret, or by hand)"
            yield scope.finding("SEC001", manifest, key, "is a Secret with its contents in Git", fix)


def _strings(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _strings(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _strings(each, (*path, index))


def _literal_env(body: Any, path: tuple[str | int, ...], value: str) -> str:
    """An environment variable: its name is the sibling of its value."""
    if path[-1:] != ("value",) or "env" not in path[-3:-1]:
        return ""
    name = str(mapping(at(body, path[:-1])).get("name") or "")
    return secret_in((name,), value)


def secret_in(path: tuple[str | int, ...], value: str) -> str:
    """Say what secret a text seems to hold, judged by its key and its looks; an empty string for none."""
    # Every text of every object comes here, so what is quick to say comes first.
    if value.startswith("eyJ") and _is_statement(value):
        return ""
    if _ANY_TOKEN.search(value):
        return next(what for what, pattern in _TOKENS if pattern.search(value))
    # An item of a list is called like its list.
    key = next((str(each) for each in reversed(path) if not isinstance(each, int)), "")
    secret, public = _kind_of_key(key)
    if public:
        return ""
    if secret and _is_literal(value) and not (_NAMES_A_SECRET.search(key) and re.search(DNS_SUBDOMAIN, value)):
        return f"a literal {key!r}"
    if len(value) >= _DENSE_LENGTH and _holds_a_key(value):
        return "what looks like a random key"
    if "://" in value and password_in_address(value):
        return "an address with its password"
    if "\n" in value or value.startswith("-") or " -" in value:
        return next((what for inner, held in pairs(key, value) if (what := secret_in((inner,), held))), "")
    return ""


@lru_cache(maxsize=4096)
def _kind_of_key(key: str) -> tuple[bool, bool]:
    """Say whether a key is called like a secret, and whether it is called public."""
    return bool(_SECRET_NAME.search(key)) and not _NO_SECRET.search(key), bool(_PUBLIC.search(key))


def _is_literal(value: str) -> bool:
    """Say whether a text may be the secret itself: no path, reference, placeholder, count or word for nothing."""
    text = value.strip()
    known = text.lower() in _EMPTY or (text.isdigit() and len(text) < 6) or text.lower() in ("true", "false")
    return not known and not re.search(r"[\s$]|\{\{|^[<*]", text) and ("/" not in text or _holds_a_key(text, 3.8))


def _holds_a_key(text: str, entropy: float = _ENTROPY) -> bool:
    """Say whether a text has a word of random letters and digits, as generated keys are."""
    if any(_random(each, entropy) for each in _DENSE.findall(text)):
        return True
    words = (each for each in _BASE64.findall(text) if "/" in each)
    return any(
        _random(each, entropy) and len(each.split("/")) < 5 and _mixed(max(each.split("/"), key=len)) for each in words
    )


def _is_statement(value: str) -> bool:
    """Say whether a text is a signed statement in the history of release.yaml: it proves something, opens nothing."""
    from leanrag.evidence import override, token  # what signs is heavy, and few texts look signed
    from leanrag.evidence.jws import kind_of

    return kind_of(value) in {token.TYPE, override.TYPE}


def _random(word: str, least: float) -> bool:
    counts = Counter(word)
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return _mixed(word) and entropy > least


def _mixed(word: str) -> bool:
    return all(re.search(pattern, word) for pattern in ("[A-Z]", "[a-z]", "[0-9]"))
