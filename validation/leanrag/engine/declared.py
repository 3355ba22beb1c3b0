"""One metric as its source declares it, whatever language that is in, and the unit that its name or help tells."""

import re
from dataclasses import dataclass, replace

# A name's end says more than a help text, and the longest end counts.
_ENDS = (
    (re.compile(r"(_milliseconds|_ms|_millis)(_total)?$"), "milliseconds"),
    (re.compile(r"(_microseconds|_us)(_total)?$"), "microseconds"),
    (re.compile(r"(_seconds|_secs)(_total)?$"), "seconds"),
    (re.compile(r"(_bytes)(_total)?$"), "bytes"),
    (re.compile(r"(_ratio)$"), "ratio"),
    (re.compile(r"(_tokens)(_total)?$"), "tokens"),
    (re.compile(r"(_celsius)$"), "celsius"),
)
_TOLD = re.compile(r"\bin (seconds|milliseconds|microseconds|ms|bytes|number of bytes)\b", re.IGNORECASE)
_WORDS = {"ms": "milliseconds", "number of bytes": "bytes"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric: `type` "" and `labels` None are not known; `now`: the name that its help says to use instead."""

    name: str
    type: str
    unit: str = ""
    labels: tuple[str, ...] | None = ()
    now: str = ""
    at: tuple[str, ...] = ()

    def beside(self, other: "Declared") -> "Declared":
        """Return this metric with what another declaration of its name has: a query may ask for either's labels."""
        both = None if self.labels is None or other.labels is None else (*self.labels, *other.labels)
        return replace(
            self,
            type=self.type if self.type == other.type else self.type or other.type,
            unit=self.unit or other.unit,
            labels=None if both is None else tuple(dict.fromkeys(both)),
            now=self.now or other.now,
            at=tuple(dict.fromkeys((*self.at, *other.at))),
        )


def unit_of(name: str, told: str = "") -> str:
    """Return the unit of a metric by its name, else by its help text; "" where neither says one."""
    found = next((unit for end, unit in _ENDS if end.search(name)), "")
    word = _TOLD.search(told)
    return found or (_WORDS.get(word[1].lower(), word[1].lower()) if word else "")
