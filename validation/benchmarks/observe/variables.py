"""What Grafana would put in the place of a dashboard's variables: `All` where it is offered, else the first value."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from boards import Variable

# Asks Prometheus for the values of a label: of one selector's series, or ("") of all of them.
Ask = Callable[[str, str], Sequence[str]]
BUILT_IN: Mapping[str, str] = {
    "__rate_interval": "1m",
    "__interval": "15s",
    "__interval_ms": "15000",
    "__range": "15m",
    "__range_s": "900",
    "__range_ms": "900000",
}
_VALUES = re.compile(r"\s*label_values\s*\(\s*(?:(?P<metric>.*\S)\s*,)?\s*(?P<label>\w+)\s*\)\s*$", re.DOTALL)
_NAMED = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")


def resolve(variables: Iterable[Variable], ask: Ask) -> dict[str, str]:
    """Return every variable's text in the order of the dashboard; one that has no value is empty."""
    known = dict(BUILT_IN)
    for variable in variables:
        known[variable.name] = _value(variable, known, ask)
    return known


def put(text: str, known: Mapping[str, str]) -> str:
    """Return a query with its variables replaced; one that nobody defines stays, and Prometheus refuses it."""
    return _NAMED.sub(lambda found: known.get(found[1] or found[2] or found[3], found[0]), text)


def _value(variable: Variable, known: Mapping[str, str], ask: Ask) -> str:
    if variable.kind in ("constant", "textbox"):
        return variable.query
    if variable.kind == "query":
        return _chosen(variable, _asked(variable, known, ask))
    offered = [each.strip() for each in variable.query.split(",")] if variable.kind in ("custom", "interval") else []
    return _chosen(variable, [*variable.options, *filter(None, offered)])


def _asked(variable: Variable, known: Mapping[str, str], ask: Ask) -> Sequence[str]:
    found = _VALUES.match(variable.query)
    return ask(put(found["metric"] or "", known), found["label"]) if found else []


def _chosen(variable: Variable, values: Sequence[str]) -> str:
    if variable.all and (variable.all_value or values):
        # In a query's text a backslash of the pattern is written twice.
        return variable.all_value or f"({'|'.join(map(re.escape, dict.fromkeys(values)))})".replace("\\", "\\\\")
    return values[0] if values else ""
