"""A registry is asked as the specifications say, a login goes only where it belongs, and no answer is said as such."""

import json

import pytest
from validation.tests.images.registries import DIGEST, INDEX, Ways, registry

from leanrag.core.errors import InputError, UnreachableError
from leanrag.images.credentials import Login, Logins, logins
from leanrag.images.reference import reference
from leanrag.images.registry import Registries


def nobody_waits(seconds):
    raise AssertionError(f"waited {seconds} s")


def ask(ways, login=None, image="team/app:1", sleep=nobody_waits, mirror=""):
    with registry(ways) as host:
        auths = Logins({host: login} if login else {}, "auth.json")
        target = mirror.format(host=host)
        asked = Registries(auths, mirrors={"docker.io": target} if mirror else None, sleep=sleep)
        return asked.ask(reference(image if mirror else f"{host}/{image}"))


def test_a_tag_is_answered_with_the_digest_of_its_index_by_one_question():
    ways = Ways()
    answer = ask(ways)
    assert (answer.digest, answer.media_type) == (DIGEST, INDEX)
    assert ways.seen == [("HEAD", "/v2/team/app/manifests/1", "")]


def test_a_registry_that_sends_no_digest_is_read_and_hashed():
    ways = Ways(digest_header=None)
    assert ask(ways).digest == DIGEST
    assert [method for method, _, _ in ways.seen] == ["HEAD", "GET"]


@pytest.mark.parametrize("header", ["sha512:" + "a" * 128, "sha256:short", "latest"])
def test_a_digest_that_no_container_runtime_takes_is_not_believed(header):
    assert ask(Ways(digest_header=header)).digest == DIGEST


def test_a_token_is_fetched_with_the_login_for_this_image_only():
    ways = Ways(login="me:secret")
    assert ask(ways, Login("me", "secret")).digest == DIGEST
    first, token, again = ways.seen
    assert first[2] == "" and token[1].startswith("/token?") and "repository%3Ateam%2Fapp%3Apull" in token[1]
    assert again[2] == "Bearer good"


def test_a_refresh_token_is_exchanged():
    ways = Ways(login="me:secret")
    assert ask(ways, Login(identity="refresh")).digest == DIGEST
    assert ways.seen[1][:2] == ("POST", "/token")


@pytest.mark.parametrize(("scheme", "login"), [("Basic", Login("me", "secret")), ("Bearer", Login(bearer="good"))])
def test_a_basic_login_and_a_given_token_are_sent_as_they_are(scheme, login):
    assert ask(Ways(login="me:secret", scheme=scheme), login).digest == DIGEST


@pytest.mark.parametrize(
    ("ways", "login", "words"),
    [
        (Ways(login="me:secret"), None, "auth.json has no login"),
        (Ways(login="me:secret", scheme="Basic"), None, "auth.json has no login"),
        (Ways(login="me:secret"), Login("me", "wrong"), "the login of auth.json is not enough"),
        (Ways(login="me:secret", scheme="Basic"), Login("me", "wrong"), "the login of auth.json is not enough"),
        (Ways(names=()), None, "has no team/app:1"),
        (Ways(login="me:secret", realm="ftp://x/token"), Login("me", "secret"), "not https"),
        (Ways(digest_header="sha256:" + "0" * 64), None, ""),
    ],
)
def test_no_answer_is_said_with_its_reason(ways, login, words):
    if words:
        with pytest.raises(UnreachableError, match=words):
            ask(ways, login)
    else:
        with pytest.raises(UnreachableError, match="when asked for"):
            ask(ways, login, image=f"team/app@{DIGEST}")


def test_a_busy_registry_is_asked_again_after_the_wait_that_it_names():
    waits = []
    assert ask(Ways(busy=2), sleep=waits.append).digest == DIGEST
    assert waits == [7.0, 7.0]


def test_a_registry_that_stays_busy_is_no_answer():
    with pytest.raises(UnreachableError, match="answers 429"):
        ask(Ways(busy=99), sleep=lambda seconds: None)


def test_a_closed_port_is_no_answer_and_reads_well():
    with registry(Ways()) as host:
        pass
    with pytest.raises(UnreachableError) as error:
        Registries(Logins({})).ask(reference(f"{host}/a:1"))
    assert error.value.message == f"http://{host}: Connection refused"


def test_a_mirror_is_asked_instead_below_its_own_folder():
    ways = Ways(names=("hub/library/nginx",))
    answer = ask(ways, image="nginx:1", mirror="http://{host}/hub/")
    assert answer.registry.startswith("http://127.0.0.1:")
    assert ways.seen == [("HEAD", "/v2/hub/library/nginx/manifests/1", "")]


def test_what_stands_in_netrc_is_sent_to_nobody(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    ways = Ways()
    ask(ways)
    assert ways.seen[0][2] == ""


@pytest.mark.parametrize(
    ("image", "host", "name", "wanted"),
    [
        ("nginx", "docker.io", "library/nginx", "latest"),
        ("grafana/grafana:13.0.1", "docker.io", "grafana/grafana", "13.0.1"),
        ("docker.io/nginx:1", "docker.io", "library/nginx", "1"),
        ("localhost/a:1", "localhost", "a", "1"),
        ("r.example.com:5000/a/b:1", "r.example.com:5000", "a/b", "1"),
        (f"r.example.com/a:1@{DIGEST}", "r.example.com", "a", DIGEST),
    ],
)
def test_a_reference_means_what_a_container_runtime_takes_it_for(image, host, name, wanted):
    found = reference(image)
    assert (found.host, found.name, found.wanted) == (host, name, wanted)


@pytest.mark.parametrize(
    "image", ["", "A/b:1", "r.io/a:", "r.io/a@sha256:12", "r.io/../a:1", "r.io/a b:1", "https://r.io/a"]
)
def test_what_no_container_runtime_takes_is_refused(image):
    with pytest.raises(InputError, match="no image reference"):
        reference(image)


def written(path, **auths):
    path.write_text(json.dumps({"auths": auths}))
    return path


def test_the_login_of_the_longest_folder_wins(tmp_path):
    auths = {"r.io": {"auth": "YTpi"}, "r.io/team": {"auth": "Yzpk"}, "https://index.docker.io/v1/": {"auth": "ZTpm"}}
    found = logins(written(tmp_path / "auth.json", **auths))
    users = [
        found.of(*each).user for each in (("r.io", "other/x"), ("r.io", "team/x"), ("registry-1.docker.io", "a/b"))
    ]
    assert users == ["a", "c", "e"]
    assert found.of("other.io", "team/x") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"r.io": {"auth": "%%"}}}'])
def test_a_file_of_logins_that_cannot_be_read_is_an_error_and_not_no_login(tmp_path, text):
    path = tmp_path / "auth.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"auth\.json"):
        logins(path)


def test_a_login_tells_nothing_to_a_log():
    assert "secret" not in repr(Login("me", "secret"))
