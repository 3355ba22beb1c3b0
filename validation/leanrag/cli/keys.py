"""The verb `leanrag gate keygen`: the pair of keys that makes verdicts believable."""

import os
from pathlib import Path

import click

from leanrag.core.errors import InputError
from leanrag.evidence.keys import key_id, make_key

PRIVATE = "ed25519.pem"
OUT_HINT = "a folder outside the repository, so that no commit can hold the key"


@click.command("keygen")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help=f"Where to: {OUT_HINT}.")
@click.option("--namespace", default="lr-gate", show_default=True, help="The gate's namespace, for the command shown.")
@click.option("--secret", default="gate-signing", show_default=True, help="The Secret's name, for the command shown.")
def keygen_verb(out: Path, namespace: str, secret: str) -> int:
    """Make an Ed25519 pair: write the private key, print where each half belongs."""
    pem, public = make_key()
    path = _write(out, pem)
    click.echo(
        f"wrote the private key: {path} (key {key_id(public)})\n\n"
        "1. The public key is a line of clusters/<cluster>/cluster.yaml; to change keys, list both for a while:\n\n"
        "cluster:\n"
        "  gate:\n"
        f'    publicKeys: ["{public}"]\n\n'
        "2. The private key becomes a Secret that only the gate's pods mount (chart gate, signing.existingSecret):\n\n"
        f"kubectl -n {namespace} create secret generic {secret} --from-file={PRIVATE}={path}\n\n"
        "3. Then delete the file, or keep it where secrets are kept."
    )
    return 0


def _write(out: Path, pem: str) -> Path:
    """Create the file readable by its owner alone, and never over another key."""
    path = out / PRIVATE
    if _in_git(out):
        raise InputError(f"{out}: inside a Git checkout", hint=f"name {OUT_HINT}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(pem)
    except FileExistsError:
        raise InputError(f"{path}: is there already", hint="name another folder; a key is not replaced") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}", hint="name another folder") from None
    return path


def _in_git(folder: Path) -> bool:
    return any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents))
