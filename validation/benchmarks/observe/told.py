"""Numbers as Grafana's units tell them, short enough for an axis."""

from collections.abc import Mapping

_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_DECIMAL = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BINARY = ((2.0**40, "Ti"), (2.0**30, "Gi"), (2.0**20, "Mi"), (2.0**10, "Ki"))
# What stands behind the number.
_AFTER: Mapping[str, str] = {
    "reqps": " req/s",
    "ops": " op/s",
    "cps": " /s",
    "celsius": " °C",
    "watt": " W",
    "joule": " J",
    "hertz": " Hz",
    "decbytes": "B",
    "Bps": "B/s",
    "binBps": "B/s",
    "bytes": "B",
    "currencyUSD": " $",
    "currencyEUR": " €",
}
_SECONDS = {"s": 1.0, "ms": 1e-3, "dtdurations": 1.0}
_SHARES = {"percentunit": 100.0, "percent": 1.0}


def told(value: float, unit: str) -> str:
    """Return a number with its unit, three digits."""
    if value != value:
        return "-"
    if unit in _SHARES:
        return f"{_digits(value * _SHARES[unit])} %"
    if unit in _SECONDS:
        return _scaled(value * _SECONDS[unit], _TIMES, " ") if value else "0 s"
    scale = _BINARY if unit in ("bytes", "binBps") else _DECIMAL
    after = _AFTER.get(unit, "" if unit in ("", "none", "short", "bool") or unit.startswith("dateTime") else f" {unit}")
    return _scaled(value, (*scale, (1.0, "")), " " if after and not after.startswith(" ") else "") + after


def step(value: float, unit: str) -> float:
    """Return the size of the unit that such a value is told in: 60 for minutes, 2**30 for GiB; 1 where digits do."""
    if unit in _SECONDS:
        by = _SECONDS[unit]
        return _steps_of(value * by, _TIMES)[0] / by
    return _steps_of(value, (*_BINARY, (1.0, "")))[0] if unit in ("bytes", "binBps") else 1.0


def _steps_of(value: float, steps: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    return next((each for each in steps if abs(value) >= each[0]), steps[-1])


def _scaled(value: float, steps: tuple[tuple[float, str], ...], space: str) -> str:
    size, word = _steps_of(value, steps)
    return f"{_digits(value / size)}{space}{word}"


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
