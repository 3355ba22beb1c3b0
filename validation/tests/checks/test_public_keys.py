import pytest

from leanrag.checks.rules.security import secret_in

# Random bytes in base64, as every raw Ed25519 key looks; half of them have a "/" and looked harmless by chance.
KEY = "x7Qm2vT9bK4sW1nZ8dRcE5fYhG3jLpU6aVoXtBwCqN0="


@pytest.mark.parametrize("path", [("cluster", "gate", "publicKeys", 0), ("cluster", "promotion", "overrideKeys", 1)])
def test_public_keys_in_a_list_are_no_secret(path: tuple[str | int, ...]) -> None:
    assert secret_in(path, KEY) == ""


@pytest.mark.parametrize("path", [("cluster", "gate", "keys", 0), ("cluster", "gate", "token"), ("args", 0)])
def test_the_same_text_under_another_name_is_found(path: tuple[str | int, ...]) -> None:
    assert secret_in(path, KEY) != ""
