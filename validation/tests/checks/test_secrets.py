"""What is a secret in Git and what only looks like one, by name, by form and by its letters (SEC001)."""

import pytest

from leanrag.checks.rules.security import secret_in

# Made up, of the length and letters that real ones have; put together so that no scanner takes them for real.
RANDOM = "x7Qm2vT9bK4sW1nZ8dRcE5fYhG3jLpU6"
SLASHED = "x7Qm2vT9bK4sW1nZ/8dRcE5fYhG3jLpU6aVoXtBwCqN0="

FOUND = (
    ("password", "hunter2"),
    ("password", "changeme"),
    ("adminPassword", "correct-horse"),
    ("ADMIN_PASSWD", "hunter2"),
    ("db_pwd", "hunter2"),
    ("clientSecret", "kubernetes"),
    ("secretAccessKey", "minioadmin"),
    ("encryptionKey", "0011223344556677"),
    ("passphrase", "hunter2"),
    ("token", SLASHED),
    ("value", RANDOM),
    ("value", SLASHED),
    ("value", "glpat-" + "a1B2" * 6),
    ("value", "nvapi-" + "a1B2" * 6),
    ("value", "AIza" + "a1B2c" * 7),
    ("value", "xoxb-" + "1234567890"),
    ("value", "AccountKey=" + "a" * 44),
    ("url", "postgres://rag:hunter2@pgvector.lr-data.svc:5432/rag"),
    ("args", "--api-key=hunter2"),
    ("command", "server --admin-password hunter2 --port 80"),
    ("config.yaml", "server:\n  port: 80\n  password: hunter2\n"),
    ("settings.ini", "[db]\npassword = hunter2\n"),
    ("values.json", '{\n  "apiKey": "hunter2",\n  "port": 80\n}\n'),
)

SILENT = (
    ("existingSecret", "hub-token"),
    ("tokenSecret", "milvus-token"),
    ("password", "$(ADMIN_PASSWORD)"),
    ("password", "${env.ADMIN_PASSWORD}"),
    ("token", "/var/run/secrets/token"),
    ("token", "secret/data/prod/token"),
    ("token", "<token>"),
    ("api_key", "not-needed"),
    ("max_token", "4096"),
    ("eos_token", "end"),
    ("publicKey", RANDOM),
    ("image", "registry.example.org/team/thing@sha256:" + "0123456789abcdef" * 4),
    ("commit", "0123456789abcdef0123456789abcdef01234567"),
    ("url", "https://rag-stack.apps.example.com/v1/responses"),
    ("url", "postgres://rag:$(PASSWORD)@pgvector:5432/rag"),
    ("url", "postgres://user:password@host/database"),
    ("args", "--token-file=/var/run/secrets/token"),
    ("args", "--api-key=$(API_KEY)"),
    ("args", "--time-to-first-token=200ms"),
    ("config.yaml", "auth:\n  token: ${env.TOKEN}\n  existingSecret: hub-token\n"),
    ("approve.py", "token = read(path)\npassword=password\n"),
    ("path", "usr/share/Python3/Packages/Something/Other9"),
)


@pytest.mark.parametrize(("key", "value"), FOUND)
def test_a_secret_is_found(key: str, value: str) -> None:
    assert secret_in((key,), value)


@pytest.mark.parametrize(("key", "value"), SILENT)
def test_what_names_or_only_resembles_a_secret_is_silent(key: str, value: str) -> None:
    assert secret_in((key,), value) == ""
