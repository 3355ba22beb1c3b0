"""Faults of evidence: a verdict that is missing, foreign, old, edited, forged, or that says no."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt

from leanrag.core.clock import stamp, utc_now
from leanrag.evidence import store
from leanrag.evidence.token import TYPE

from .desk import Desk
from .fault import Fault
from .paper import STEPS, Document, config_map, forged, named, step

EvidenceFault = Fault[Desk]


def refuses(*words: str) -> Callable[[Desk], str]:
    """Return a look: the promoter decides once, moves nothing, and names the reason."""

    def look(desk: Desk) -> str:
        said = desk.promote()
        missing = [word for word in words if word.lower() not in said.lower()]
        assert not missing, f"not said: {missing}; said: {said[-600:]}"
        assert desk.pin() == desk.old, "the pin moved"
        return reason(said, words)

    return look


def reason(said: str, words: tuple[str, ...]) -> str:
    """Return the line that names the reason."""
    lines = [line.strip() for line in said.splitlines() if any(word.lower() in line.lower() for word in words)]
    return lines[-1][:200] if lines else said.strip().splitlines()[-1][:200]


def verdict_with(**changes: Any) -> Callable[[Desk], None]:
    """Return a break: dev's gate itself signs a PASS in which these keys are different."""
    return lambda desk: desk.publish(forged(desk.paper() | changes, desk.office.keys["dev"], desk.gate("dev")))


def honest(**changes: Any) -> Callable[[Desk], None]:
    """Return a break: dev's gate publishes a whole and honest verdict that says something else than PASS."""
    return lambda desk: desk.passes(change=lambda paper: paper.update(changes))


def tampered(change: Callable[[Document, Desk], None]) -> Callable[[Desk], None]:
    """Return a break: the ConfigMap of an honest PASS is changed after it was signed."""

    def breaks(desk: Desk) -> None:
        body = config_map(desk.paper(), desk.office.keys["dev"], desk.gate("dev"))
        change(body, desk)
        desk.publish(body)

    return breaks


def _other_hash(body: Document, _: Desk) -> None:
    text = body["data"][store.VERDICT]
    body["data"][store.VERDICT] = text.replace('"contentHash": "sha256:', '"contentHash": "sha256:0')


def _token(change: Callable[[str, Desk], str]) -> Callable[[Document, Desk], None]:
    def changed(body: Document, desk: Desk) -> None:
        body["data"][store.EVIDENCE] = change(body["data"][store.EVIDENCE], desk)

    return changed


def _drop(key: str) -> Callable[[Document, Desk], None]:
    return lambda body, _: body["data"].pop(key)


def _without_algorithm(token: str, _: Desk) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def _hmac(token: str, desk: Desk) -> str:
    """Sign with HMAC, the public key as the secret: what a library would accept that trusts the header."""
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    key = desk.office.keys["dev"]
    secret = base64.b64decode(key.public)
    return jwt.encode(payload, secret, "HS256", headers={"kid": key.kid, "typ": TYPE})


def _other_signature(token: str, desk: Desk) -> str:
    """Keep the header that names dev's key, and put a stranger's signature behind it."""
    head, payload, _ = token.split(".")
    signature = desk.office.keys["stranger"].private.sign(f"{head}.{payload}".encode())
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _replayed(desk: Desk) -> None:
    """Dev passed `old` once; its signature now stands beside a document about `new`."""
    before = config_map(desk.paper(sha=desk.old), desk.office.keys["dev"], desk.gate("dev"))
    body = config_map(desk.paper(), desk.office.keys["dev"], desk.gate("dev"))
    body["data"][store.EVIDENCE] = before["data"][store.EVIDENCE]
    desk.publish(body)


def _other_commit(desk: Desk) -> None:
    """The whole verdict about `old`, stored under the name of `new`."""
    before = config_map(desk.paper(sha=desk.old), desk.office.keys["dev"], desk.gate("dev"))
    body = named(desk.new, 1, desk.gate("dev"))
    body["data"] = before["data"]
    desk.publish(body)


def _other_cluster(desk: Desk) -> None:
    """Staging's own honest PASS about `new`, laid into dev's namespace."""
    desk.publish(config_map(desk.paper("staging"), desk.office.keys["staging"], desk.gate("dev")))


def _deleted(desk: Desk) -> None:
    desk.passes()
    body = config_map(desk.paper(), desk.office.keys["dev"], desk.gate("dev"))
    desk.office.api.delete("ConfigMap", body["metadata"]["name"], desk.gate("dev"))


def _revoked(desk: Desk) -> None:
    desk.passes()
    desk.passes(attempt=2, change=lambda p: p.update(outcome="FAIL", reason="TTFT p95: too slow", trigger="nightly"))


def _newer_unreadable(desk: Desk) -> None:
    desk.passes()
    body = named(desk.new, 2, desk.gate("dev"), {"leanrag.io/outcome": "FAIL"})
    body["data"] = {store.VERDICT: '{"schema": "leanrag.io/verdict/v1", "outcome": "FA'}
    desk.publish(body)


def _two_keys(desk: Desk) -> None:
    paper = desk.paper() | {"outcome": "FAIL"}
    text = json.dumps(paper, indent=2).replace('"outcome": "FAIL"', '"outcome": "FAIL", "outcome": "PASS"', 1)
    desk.publish(forged(desk.paper(), desk.office.keys["dev"], desk.gate("dev"), text))


def _not_a_number(desk: Desk) -> None:
    text = json.dumps(desk.paper(), indent=2).replace('"estimate": 250.0', '"estimate": NaN')
    assert "NaN" in text
    desk.publish(forged(desk.paper(), desk.office.keys["dev"], desk.gate("dev"), text))


def _old_carry(desk: Desk) -> None:
    measured = stamp(utc_now() - timedelta(days=9))
    desk.passes(change=lambda p: p.update(carriedFrom="dev-0123456789ab-1", measuredAt=measured))


def _past(**age: float) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        end = utc_now() - timedelta(**age)
        start = stamp(end - timedelta(minutes=2))
        desk.passes(change=lambda p: p.update(start=start, end=stamp(end), measuredAt=stamp(end)))

    return breaks


def _swap(**changes: Any) -> Callable[[Desk], None]:
    """Return a break of the whole document that depends on the desk's own values."""
    return lambda desk: desk.publish(forged(desk.paper() | changes, desk.office.keys["dev"], desk.gate("dev")))


NO_PIN = "NOT_RUN, no pin"
FAULTS: tuple[EvidenceFault, ...] = (
    Fault("E01", "there is no verdict about the commit", NO_PIN, lambda _: None, refuses("no verdict"), True),
    Fault("E02", "the verdict was deleted", NO_PIN, _deleted, refuses("no verdict")),
    Fault("E03", "a verdict of another commit, renamed to this one", NO_PIN, _other_commit, refuses("verdict-"), True),
    Fault("E04", "a verdict of another cluster, copied into dev's namespace", NO_PIN, _other_cluster,
          refuses("does not name"), True),
    Fault("E05", "the signature of an earlier PASS, replayed beside this commit's document", NO_PIN, _replayed,
          refuses("not the document that was signed"), True),
    Fault("E06", "a FAIL edited into a PASS after it was signed", NO_PIN,
          lambda d: _edited_fail(d), refuses("edited or truncated"), True),
    Fault("E07", "only the label of a FAIL says PASS", "FAIL, no pin", lambda d: _label_only(d), refuses("FAIL")),
    Fault("E08", "an honest-looking PASS signed with a stranger's key", NO_PIN,
          lambda d: d.publish(config_map(d.paper(), d.office.keys["stranger"], d.gate("dev"))),
          refuses("does not name"), True),
    Fault("E09", "a stranger's signature under the id of dev's key", NO_PIN, tampered(_token(_other_signature)),
          refuses("does not hold")),
    Fault("E10", "signed with the algorithm `none`", NO_PIN, tampered(_token(_without_algorithm)), refuses("verdict-")),
    Fault("E11", "signed with HMAC, the public key as its secret", NO_PIN, tampered(_token(_hmac)),
          refuses("only EdDSA is accepted")),
    Fault("E12", "the verdict is not signed", NO_PIN, tampered(_drop(store.EVIDENCE)), refuses("unsigned")),
    Fault("E13", "verdict.json is truncated", NO_PIN,
          tampered(lambda b, _: b["data"].update({store.VERDICT: b["data"][store.VERDICT][:400]})),
          refuses("edited or truncated")),
    Fault("E14", "verdict.json is missing, its signature is there", NO_PIN, tampered(_drop(store.VERDICT)),
          refuses("verdict.json is missing")),
    Fault("E15", "the signature is truncated", NO_PIN, tampered(_token(lambda token, _: token[:-9])),
          refuses("verdict-")),
    Fault("E16", "the content hash was altered in the document", NO_PIN, tampered(_other_hash),
          refuses("edited or truncated")),
    Fault("E17", "a signed PASS about other content than the commit's", NO_PIN,
          verdict_with(contentHash="sha256:" + "0" * 64), refuses("other content"), True),
    Fault("E18", "measured eight days ago, seven are allowed", NO_PIN, _past(days=8), refuses("too old")),
    Fault("E19", "carried from a measurement nine days old", NO_PIN, _old_carry, refuses("too old")),
    Fault("E20", "the gate's clock is an hour ahead", NO_PIN, _past(hours=-1), refuses("future")),
    Fault("E21", "it ends before it starts", NO_PIN, _swap(end="2026-01-01T00:00:00Z"), refuses("verdict-")),
    Fault("E22", "measured on a laptop (scope local)", NO_PIN, _swap(scope="local"), refuses("scope local")),
    Fault("E23", "the tree that was tested differed from its commit", NO_PIN, _swap(dirty=True), refuses("differed")),
    Fault("E24", "a PASS above a step that failed", NO_PIN,
          _swap(steps=[step(name, "FAIL" if name == "smoke" else "PASS") for name in STEPS]), refuses("smoke"), True),
    Fault("E36", "a PASS from which the step check is missing", NO_PIN,
          _swap(steps=[step(name) for name in STEPS if name != "check"]), refuses("check was not run")),
    Fault("E25", "a PASS that measured nothing: no step at all", NO_PIN, _swap(steps=[]), refuses("verdict")),
    Fault("E26", "a document of an unknown schema version", NO_PIN, _swap(schema="leanrag.io/verdict/v9"),
          refuses("schema")),
    Fault("E27", "a document that names `outcome` twice", NO_PIN, _two_keys, refuses("twice")),
    Fault("E28", "a document with NaN for an estimate", NO_PIN, _not_a_number, refuses("not a number")),
    Fault("E29", "the verdict is FAIL", "FAIL, no pin",
          honest(outcome="FAIL", reason="TTFT p95: 20 of 200 requests slower than 500 ms"), refuses("FAIL"), True),
    Fault("E30", "the verdict is INCONCLUSIVE", "INCONCLUSIVE, no pin",
          honest(outcome="INCONCLUSIVE", reason="27 more requests needed"), refuses("INCONCLUSIVE"), True),
    Fault("E31", "a PASS, then the nightly run fails", "FAIL, no pin", _revoked, refuses("FAIL"), True),
    Fault("E32", "a PASS, then a newer attempt that nobody can read", NO_PIN, _newer_unreadable,
          refuses("newer attempt")),
    Fault("E33", "a smoke test only, where staging requires a full run", "no pin", honest(mode="smoke"),
          refuses("full")),
    Fault("E34", "a PASS in mode observe, which never blocks and never promotes", "no pin", honest(mode="observe"),
          refuses("observe")),
    Fault("E35", "a PASS about a short SHA", NO_PIN,
          lambda d: d.publish(forged(d.paper() | {"revision": d.new[:12]}, d.office.keys["dev"], d.gate("dev"))),
          refuses("verdict-")),
)  # fmt: skip


def _edited_fail(desk: Desk) -> None:
    paper = desk.paper() | {"outcome": "FAIL", "reason": "TTFT p95: too slow"}
    body = config_map(paper, desk.office.keys["dev"], desk.gate("dev"))
    body["data"][store.VERDICT] = body["data"][store.VERDICT].replace('"outcome": "FAIL"', '"outcome": "PASS"')
    body["metadata"]["labels"]["leanrag.io/outcome"] = "PASS"
    desk.publish(body)


def _label_only(desk: Desk) -> None:
    paper = desk.paper() | {"outcome": "FAIL", "reason": "TTFT p95: too slow"}
    body = config_map(paper, desk.office.keys["dev"], desk.gate("dev"))
    body["metadata"]["labels"]["leanrag.io/outcome"] = "PASS"
    desk.publish(body)
