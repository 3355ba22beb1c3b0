"""The private key is written once, for its owner alone, outside of Git, and never printed."""

import stat

import pytest
from click.testing import CliRunner

from leanrag.cli.keys import keygen_verb
from leanrag.core.errors import InputError
from leanrag.evidence.keys import read_key


def keygen(out):
    return CliRunner().invoke(keygen_verb, ["--out", str(out), "--namespace", "dev-gate"], standalone_mode=False)


def test_both_halves_go_where_they_belong(tmp_path):
    done = keygen(tmp_path / "keys")
    path = tmp_path / "keys" / "ed25519.pem"
    key = read_key(path)
    assert f'publicKeys: ["{key.public}"]' in done.output
    assert f"kubectl -n dev-gate create secret generic gate-signing --from-file=ed25519.pem={path}" in done.output
    assert "PRIVATE KEY" not in done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_never_written_over_another(tmp_path):
    keygen(tmp_path)
    before = (tmp_path / "ed25519.pem").read_text()
    done = keygen(tmp_path)
    assert isinstance(done.exception, InputError)
    assert (tmp_path / "ed25519.pem").read_text() == before


def test_a_key_is_not_written_where_a_commit_could_take_it(tmp_path):
    (tmp_path / ".git").mkdir()
    done = keygen(tmp_path / "deep" / "keys")
    assert isinstance(done.exception, InputError)
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("arguments", [[], ["--out"]])
def test_a_place_must_be_named(arguments):
    assert CliRunner().invoke(keygen_verb, arguments).exit_code == 2
