"""Ed25519 keys: the private one is a PEM file in a Secret, the public ones are lines of cluster.yaml.

A public key is written as base64 of its 32 raw bytes; its id (`kid`) is the first 16 hex digits of their SHA-256.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from leanrag.core.errors import InputError

RAW = 32
HINT = "make a pair with: leanrag gate keygen --out DIR"

# y coordinates of the points of small order, little endian without the sign bit, as libsodium refuses them
# (crypto_core/ed25519, ge25519_has_small_order): with such a key a signature can be made up without any private key.
# A placeholder of zeros is one of them.
_SMALL_ORDER = frozenset(
    bytes.fromhex(y)
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that can be used; its text form shows the public half only."""

    kid: str
    public: str
    private: Ed25519PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys that are accepted, by id; `problems` names the lines that are no keys."""

    by_id: Mapping[str, Ed25519PublicKey]
    problems: tuple[str, ...] = ()


def make_key() -> tuple[str, str]:
    """Return a new pair: the private key as PEM (PKCS #8, not encrypted), the public one as base64."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return pem, _encoded(private.public_key())


def read_key(path: Path) -> SigningKey:
    """Read a private key's PEM file; InputError when it is missing or no Ed25519 key. No message quotes the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the signing key cannot be read: {error.strerror}", hint=HINT) from None
    return parse_key(data, str(path))


def parse_key(pem: bytes | str, where: str) -> SigningKey:
    """Return a private key from PEM text; `where` names it in errors."""
    try:
        private = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, password=None)
    except TypeError:
        raise InputError(f"{where}: the signing key is encrypted", hint="store it without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{where}: no private key in PEM form", hint=HINT) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"{where}: a private key, but not an Ed25519 one", hint=HINT)
    public = _encoded(private.public_key())
    return SigningKey(key_id(public), public, private)


def key_id(public: str) -> str:
    """Return the id of a public key written as base64: 16 hex digits."""
    return hashlib.sha256(_raw(public)).hexdigest()[:16]


def public_keys(lines: Iterable[str]) -> Keys:
    """Return the keys of cluster.yaml; a line that is no key is a problem, and the others still count.

    One malformed line must not make promotion blind: evidence of the other keys stays good.
    """
    found: dict[str, Ed25519PublicKey] = {}
    problems = []
    for line in lines:
        try:
            raw = _raw(line)
            found[hashlib.sha256(raw).hexdigest()[:16]] = Ed25519PublicKey.from_public_bytes(raw)
        except InputError as error:
            problems.append(error.message)
    return Keys(found, tuple(problems))


def _encoded(public: Ed25519PublicKey) -> str:
    return base64.b64encode(public.public_bytes_raw()).decode()


def _raw(public: str) -> bytes:
    shown = repr(public)[:60]
    try:
        raw = base64.b64decode(public, validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise InputError(f"the public key {shown} is not base64", hint=HINT) from None
    if len(raw) != RAW:
        raise InputError(f"the public key {shown} has {len(raw)} bytes, not {RAW}", hint=HINT)
    if bytes((*raw[:-1], raw[-1] & 0x7F)) in _SMALL_ORDER:
        raise InputError(f"the public key {shown} is a placeholder that anybody could sign for", hint=HINT)
    return raw
