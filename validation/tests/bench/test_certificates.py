"""The bench's own authority: what Kubernetes reads from its certificates, and when they are made again."""

import datetime
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from leanrag.bench import certificates
from leanrag.bench.certificates import Authority, Subject, signing_pair
from leanrag.bench.kubeconfig import write_kubeconfig
from leanrag.core.clock import utc_now

ADMIN = Subject("admin", ("system:masters",), ("10.97.0.1", "kubernetes.default.svc"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path)
    made.prepare()
    return made


def test_user_groups_and_served_names_are_in_the_certificate(authority: Authority) -> None:
    read = x509.load_pem_x509_certificate(authority.issue("admin", ADMIN)[0].read_bytes())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "admin"
    assert [each.value for each in read.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:masters"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.97.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes.default.svc"]


def test_the_authority_may_sign_and_what_it_signs_may_not(authority: Authority) -> None:
    own = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    leaf = x509.load_pem_x509_certificate(authority.issue("admin", ADMIN)[0].read_bytes())
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    leaf.verify_directly_issued_by(own)
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.BasicConstraints)


def test_a_certificate_is_made_once(authority: Authority) -> None:
    before = authority.issue("admin", ADMIN)[0].read_bytes()
    authority.prepare()
    assert authority.issue("admin", ADMIN)[0].read_bytes() == before


def test_one_that_soon_ends_is_made_again(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    before = authority.issue("admin", ADMIN)[0].read_bytes()
    later = utc_now() + datetime.timedelta(days=340)
    monkeypatch.setattr(certificates, "utc_now", lambda: later)
    assert authority.issue("admin", ADMIN)[0].read_bytes() != before


def test_one_of_another_authority_is_made_again(authority: Authority) -> None:
    before = authority.issue("admin", ADMIN)[0].read_bytes()
    authority.certificate.unlink()
    authority.prepare()
    assert authority.issue("admin", ADMIN)[0].read_bytes() != before


def test_private_keys_are_readable_by_their_owner_only(authority: Authority, tmp_path: Path) -> None:
    authority.issue("admin", ADMIN)
    signing_pair(tmp_path, "tokens")
    write_kubeconfig(tmp_path / "admin.conf", authority, "admin", ADMIN, "https://10.97.0.1:6443")
    secret = [*tmp_path.glob("*.key"), tmp_path / "admin.conf"]
    assert len(secret) == 4
    assert not [path for path in secret if path.stat().st_mode & 0o077]


def test_a_kubeconfig_needs_no_other_file(authority: Authority, tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "admin.conf", authority, "admin", ADMIN, "https://10.97.0.1:6443")
    content = yaml.safe_load(path.read_text())
    assert content["clusters"][0]["cluster"]["server"] == "https://10.97.0.1:6443"
    assert set(content["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
