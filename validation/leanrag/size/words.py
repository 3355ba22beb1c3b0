"""What `leanrag size` says of one model on one GPU: text for a person in a hurry, one document for a program."""

from dataclasses import dataclass

from leanrag.core.result import JSON
from leanrag.size.judge import Judgement
from leanrag.size.memory import GIB, Fit, gib
from leanrag.size.served import Served
from leanrag.size.speed import EFFICIENCY, Range, Speed, Traffic, cost, replicas


@dataclass(frozen=True, slots=True)
class Answer:
    """One model on one GPU, judged; `pace` is None when the GPU's speed is not known; `price` is of one GPU hour."""

    name: str
    one: Served
    judgement: Judgement
    traffic: Traffic
    pace: Speed | None = None
    price: float | None = None

    @property
    def fits(self) -> bool | None:
        """Whether it fits; None: not known."""
        return None if self.judgement.unknown else not self.judgement.problem


def text(answer: Answer) -> str:
    """Return a few lines: the answer first."""
    one, fitted = answer.one, answer.judgement.fitted
    where = one.product if one.setup.gpus == 1 else f"{one.setup.gpus} x {one.product}"
    verdict = {True: "fits", False: "does not fit", None: "not judged:"}[answer.fits]
    lines = [f"{answer.name} {verdict} {'' if answer.fits is None else 'on '}{where}".replace(":  ", ": ")]
    if answer.judgement.problem:
        lines += [f"  {answer.judgement.problem}", f"  ways out: {answer.judgement.fix}"]
    elif fitted:
        lines += _capacity(answer, fitted)
    if answer.pace and not answer.judgement.problem:
        lines += _pace(answer, answer.pace)
    return "\n".join(lines)


def _capacity(answer: Answer, fitted: Fit) -> list[str]:
    setup = answer.one.setup
    share = f"{setup.utilization:.0%} of {answer.one.memory_gib:g}"
    return [
        f"  memory: {gib(fitted.budget)} GiB of each GPU ({share}) = weights {gib(fitted.weights)} + activations "
        f"{gib(fitted.activations)} + engine {gib(fitted.engine)} + KV cache {gib(fitted.cache)}",
        f"  holds {fitted.tokens:,} tokens: {fitted.concurrency:.1f} requests of {setup.max_model_len:,} at once "
        f"({setup.max_num_seqs} in one batch at most)",
    ]


def _pace(answer: Answer, pace: Speed) -> list[str]:
    traffic, setup = answer.traffic, answer.one.setup
    request = f"{traffic.prompt:,} + {traffic.output:,} tokens"
    lines = [
        f"  first token: {_ms(pace.ttft)} ms when empty; then {_ms(pace.itl)} ms a token with {pace.batch} requests at "
        f"once (roofline at {EFFICIENCY[0]:.0%} to {EFFICIENCY[1]:.0%})",
        f"  one replica: {pace.requests[0]:.1f} to {pace.requests[1]:.1f} requests a second of {request}",
    ]
    if traffic.rate:
        count = replicas(pace, traffic.rate)
        lines.append(f"  {traffic.rate:g} a second: {count} replicas, {count * setup.gpus} GPUs")
    if answer.price is not None:
        low, high = cost(pace, setup, traffic, answer.price)
        lines.append(f"  a million output tokens: {low:.2f} to {high:.2f} at {answer.price:g} a GPU hour, always busy")
    return lines


def document(answer: Answer) -> dict[str, JSON]:
    """Return schema leanrag.io/size/v1: GiB of one GPU, seconds, requests a second."""
    one, fitted, pace = answer.one, answer.judgement.fitted, answer.pace
    found: dict[str, JSON] = {
        "schema": "leanrag.io/size/v1",
        "model": answer.name,
        "gpu": one.product,
        "gpus": one.setup.gpus,
        "fits": answer.fits,
        "problem": answer.judgement.problem,
        "waysOut": answer.judgement.fix,
    }
    if fitted:
        parts = ("budget", "weights", "activations", "engine", "cache", "needed")
        found["gib"] = {part: round(getattr(fitted, part) / GIB, 2) for part in parts}
        found |= {"kvTokens": fitted.tokens, "concurrency": round(fitted.concurrency, 2)}
    if pace:
        found["speed"] = {"ttft": list(pace.ttft), "itl": list(pace.itl), "batch": pace.batch}
        found["requestsPerSecond"] = list(pace.requests)
        found |= _economy(answer, pace)
    return found


def _economy(answer: Answer, pace: Speed) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    if answer.traffic.rate:
        found["replicas"] = replicas(pace, answer.traffic.rate)
    if answer.price is not None:
        found["costPerMillionOutputTokens"] = list(cost(pace, answer.one.setup, answer.traffic, answer.price))
    return found


def _ms(times: Range) -> str:
    return f"{times[0] * 1e3:.0f} to {times[1] * 1e3:.0f}"
