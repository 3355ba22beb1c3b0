"""Kubeconfigs of the bench, each with its certificates inside, so that one file is enough to work with."""

import base64
from pathlib import Path

import yaml

from leanrag.bench.certificates import Authority, Subject
from leanrag.core.files import write_atomic


def write_kubeconfig(path: Path, authority: Authority, name: str, subject: Subject, server: str) -> Path:
    """Write a kubeconfig (mode 0600) for a subject at an API server's URL, and return its path."""
    certificate, key = authority.issue(name, subject)
    cluster = {"server": server, "certificate-authority-data": _inline(authority.certificate)}
    user = {"client-certificate-data": _inline(certificate), "client-key-data": _inline(key)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "bench", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": name}}],
        "current-context": "bench",
    }
    text = yaml.safe_dump(content, sort_keys=False)
    if not path.is_file() or path.read_text() != text:
        write_atomic(path, text, mode=0o600)
    return path


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
