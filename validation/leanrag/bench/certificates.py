"""The bench's certificate authority, and what it signs. Keys are EC P-256 with mode 0600; nothing leaves the folder."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from leanrag.core.clock import utc_now
from leanrag.core.files import write_atomic

_VALID = datetime.timedelta(days=365)
_USES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a certificate names: user and groups, as Kubernetes reads them, and the names it serves."""

    user: str
    groups: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a folder: ca.crt and ca.key, made when they are not there."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """Where the authority's certificate lies."""
        return self.folder / "ca.crt"

    @property
    def key(self) -> Path:
        """Where the authority's private key lies."""
        return self.folder / "ca.key"

    def prepare(self) -> None:
        """Make the authority unless it is there and stays valid for a month."""
        if not _fresh(self.certificate) or not self.key.is_file():
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name(Subject("leanrag-bench"))
            built = _builder(name, name, key, _VALID * 2)
            built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            _write_key(self.key, key)
            _write_certificate(self.certificate, built.sign(key, hashes.SHA256()))

    def issue(self, name: str, subject: Subject) -> tuple[Path, Path]:
        """Return certificate and key of a subject, made unless they are there, ours, and valid for a month."""
        certificate, key_path = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if not (_fresh(certificate) and key_path.is_file() and self._signed(certificate)):
            key = ec.generate_private_key(ec.SECP256R1())
            signed = self._sign(subject, key)
            _write_key(key_path, key)
            _write_certificate(certificate, signed)
        return certificate, key_path

    def _sign(self, subject: Subject, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signer = serialization.load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)  # we wrote it
        built = _builder(_name(subject), issuer.subject, key, _VALID)
        built = built.add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
        if subject.serves:
            names = x509.SubjectAlternativeName([_general(each) for each in subject.serves])
            built = built.add_extension(names, critical=False)
        return built.sign(signer, hashes.SHA256())

    def _signed(self, certificate: Path) -> bool:
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        try:
            x509.load_pem_x509_certificate(certificate.read_bytes()).verify_directly_issued_by(issuer)
        except Exception:  # the library raises several kinds; each means "not ours"
            return False
        return True


def signing_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Return public and private key for ServiceAccount tokens, made unless they are there."""
    public, private = folder / f"{name}.pub", folder / f"{name}.key"
    if not (public.is_file() and private.is_file()):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(private, key)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        write_atomic(public, key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return public, private


def _fresh(path: Path) -> bool:
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return False
    return ends - utc_now() > datetime.timedelta(days=30)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, valid: datetime.timedelta
) -> x509.CertificateBuilder:
    # An hour back, because machines that wake from a snapshot may be a little behind.
    begin = utc_now() - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + valid)
    )


def _name(subject: Subject) -> x509.Name:
    groups: Iterable[x509.NameAttribute[str]] = (
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in subject.groups
    )
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, subject.user)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    write_atomic(path, key.private_bytes(serialization.Encoding.PEM, form, plain), mode=0o600)


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    write_atomic(path, certificate.public_bytes(serialization.Encoding.PEM))
