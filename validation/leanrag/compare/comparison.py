"""Two sides whole: may they be compared, at which loads, and what each figure says. Pure; reading is done before."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from leanrag.compare.answer import Answer, overall
from leanrag.compare.bootstrap import DRAWS
from leanrag.compare.contrast import Contrast, Margins, decide
from leanrag.compare.evidence import evidence
from leanrag.compare.facts import Matter, Terms, matters
from leanrag.compare.measures import USUAL, measures
from leanrag.compare.sample import Sample, latencies, sample
from leanrag.compare.sides import Side
from leanrag.compare.trust import doubts
from leanrag.slo.objectives import Metric, Slo

# Prompts and answers of both sides are as long: a shorter answer looks fast.
LENGTH_TOLERANCE = 0.05
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """What a comparison is asked with; `seed` makes its `draws` the same every time."""

    terms: Terms = field(default_factory=Terms)
    margins: Margins = field(default_factory=Margins)
    slo: Slo | None = None
    warmup: int | None = None
    seed: int = 1
    draws: int = DRAWS


@dataclass(frozen=True, slots=True)
class Load:
    """One load (stage) of one side: what it gave. Seconds, tokens a second; `values` are thinned, sorted, finite."""

    stage: str
    side: int
    requests: int
    seconds: float
    tokens_per_second: float
    percentiles: Mapping[Metric, Mapping[float, float]]
    values: Mapping[Metric, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole: `matters` and `doubts`: may it be made; `contrasts`: what it shows; `loads`: what was seen."""

    answer: Answer
    reason: str
    sides: tuple[Side, Side]
    matters: tuple[Matter, ...]
    doubts: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    loads: tuple[Load, ...]
    same_code: int
    notes: tuple[str, ...] = ()


Samples = Mapping[str, Sequence[Sample]]


def compare(base: Side, new: Side, same_code: Side | None = None, asked: Asked | None = None) -> Comparison:
    """Compare a candidate with a baseline; `same_code` are further runs of the baseline, from which noise is known."""
    asked = asked or Asked()
    facts = matters(base.facts, new.facts, asked.terms)
    left, right = _samples(base, asked), _samples(new, asked)
    others = _samples(same_code, asked) if same_code else {}
    found = (*_forbidding(facts), *_foreign(base, same_code, asked), *_doubts(left, right, asked))
    loads = tuple(_load(name, side, both[name]) for side, both in enumerate((left, right)) for name in both)
    shared = [name for name in left if name in right]
    contrasts = () if found else _contrasts(shared, left, right, others, asked)
    answer = Answer.NOT_COMPARABLE if found else overall(one.answer for one in contrasts)
    reason = found[0] + _more(len(found)) if found else _reason(answer, contrasts)
    extra = len(same_code.runs) if same_code else 0
    return Comparison(answer, reason, (base, new), facts, found, contrasts, loads, extra)


def _samples(side: Side, asked: Asked) -> Samples:
    """Return the requests that count by load, one sample for each run that has it."""
    declared = asked.slo.traffic.warmup_requests if asked.slo else 0
    warmup = next((n for n in (asked.warmup, side.told.warmupRequests) if n is not None), declared)
    names = dict.fromkeys(name for run in side.runs for name in run.stages)
    return {name: tuple(sample(run.stages[name], warmup) for run in side.runs if name in run.stages) for name in names}


def _forbidding(facts: Sequence[Matter]) -> tuple[str, ...]:
    return tuple(_words(one) for one in facts if one.forbids)


def _words(one: Matter) -> str:
    if one.kind == "unknown":
        which = "either side" if not one.base and not one.new else "the candidate" if one.base else "the baseline"
        return f"{one.name}: not known of {which}; {one.note}"
    if one.name == "arguments":
        return f"arguments: {one.note} not the same"
    return f"{one.name}: {one.base} is not {one.new}"


def _doubts(left: Samples, right: Samples, asked: Asked) -> tuple[str, ...]:
    if not left or not right or set(left) != set(right):
        loads = tuple(", ".join(each) or "nothing" for each in (left, right))
        return (f"the loads differ: {loads[0]} against {loads[1]}",)
    found = [
        line
        for name, side in (("baseline", left), ("candidate", right))
        for each in side.values()
        for run in each
        for line in doubts(name, run)
    ]
    found += [line for name in left for line in _lengths(name, left[name], right[name], asked.terms)]
    return tuple(dict.fromkeys(found))


def _lengths(name: str, left: Sequence[Sample], right: Sequence[Sample], terms: Terms) -> tuple[str, ...]:
    # Another model may have another tokenizer: the same prompt then counts differently, and only then.
    wanted = ("output_tokens",) if "model" in terms.varies else ("prompt_tokens", "output_tokens")
    found = []
    for key in wanted:
        sides = [[getattr(row, key) or 0 for one in side for row in one.answered] for side in (left, right)]
        if not all(sides):
            return (f"{name}: no request succeeded on one side",)
        base, new = median(sides[0]), median(sides[1])
        if abs(base - new) > max(1.0, LENGTH_TOLERANCE * base):
            found.append(f"{name}: {key.replace('_', ' ')} differ: median {base:g} and {new:g}")
    return tuple(found)


def _foreign(base: Side, same_code: Side | None, asked: Asked) -> tuple[str, ...]:
    """Runs of the same code must be of the baseline, word for word but for what somebody answers for."""
    if same_code is None:
        return ()
    strict = Terms(same=asked.terms.same | asked.terms.varies)
    return tuple(
        f"the same-code runs are of something else: {_words(one)}"
        for one in matters(base.facts, same_code.facts, strict)
        if one.kind == "differs"
    )


def _contrasts(
    shared: Sequence[str], left: Samples, right: Samples, others: Samples, asked: Asked
) -> tuple[Contrast, ...]:
    found = [
        evidence(measure, name, (left[name], right[name]), others.get(name, ()), asked.seed + at, asked.draws)
        for name in shared
        for at, measure in enumerate(measures(asked.slo, left[name][0].stage.rate is None))
    ]
    return decide(found, asked.margins)


def _reason(answer: Answer, contrasts: Sequence[Contrast]) -> str:
    of = [one for one in contrasts if one.answer is answer]
    if not of:
        return "nothing was measured on both sides"
    several = len({one.evidence.stage for one in contrasts}) > 1
    named = [f"{one.evidence.measure.name}{f' at {one.evidence.stage}' if several else ''}" for one in of[:3]]
    names = ", ".join(named) + (f" and {len(of) - 3} more" if len(of) > 3 else "")
    if answer is Answer.INDISTINGUISHABLE:
        return f"all {len(of)} figures are shown not to be worse by more than their margin"
    if answer is Answer.UNDECIDED:
        return f"{names}: {of[0].reason}"
    return f"{names} {'is' if len(of) == 1 else 'are'} {of[0].reason if len(of) == 1 else answer + ' beyond chance'}"


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""


def _load(name: str, side: int, runs: Sequence[Sample]) -> Load:
    seconds = sum(run.seconds for run in runs)
    tokens = sum(run.tokens_per_second * run.seconds for run in runs)
    seen = {metric: sorted(v for run in runs for v in latencies(run, metric)) for metric in USUAL}
    known = {metric: values for metric, values in seen.items() if values}
    return Load(
        name,
        side,
        sum(len(run.rows) for run in runs),
        seconds,
        tokens / seconds if seconds else 0.0,
        {metric: {p: _at(values, p) for p in (50.0, 95.0, 99.0)} for metric, values in known.items()},
        {metric: _thin([v for v in values if math.isfinite(v)]) for metric, values in known.items()},
    )


def _at(values: Sequence[float], percentile: float) -> float:
    return values[max(1, math.ceil(percentile / 100 * len(values) - 1e-9)) - 1]


def _thin(values: Sequence[float]) -> tuple[float, ...]:
    if len(values) <= MOST_POINTS:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(at * last / (MOST_POINTS - 1))] for at in range(MOST_POINTS))
