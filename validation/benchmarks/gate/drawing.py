"""The operating characteristic as a picture: chances by the true share of slow requests, and the requests they cost."""

from collections.abc import Callable, Sequence
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 260, 56, 28
_COLORS = {"pass": "#1a7f37", "block": "#cf222e", "undecided": "#9a6700", "naive rule passes": "#8c959f"}


def curves(points: Sequence[Any], zone: tuple[float, float]) -> str:
    """Return SVG of (share, [pass, block, undecided, requests], naive pass, exact test) in the order of shares."""
    widest = max(point[0] for point in points)
    most = max(point[1][3] for point in points) * 1.1

    def x(share: float) -> float:
        return _LEFT + share / float(widest) * _WIDTH

    def line(value: Callable[[Any], float], top: float, color: str, dashed: bool = False) -> str:
        places = " ".join(f"{x(point[0]):.1f},{top + (1 - value(point)) * _HEIGHT:.1f}" for point in points)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2"{dash}/>'

    second = _TOP + _HEIGHT + 56
    whole = (_LEFT + _WIDTH + 170, second + _HEIGHT + 48)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]} {whole[1]}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="Operating characteristic of the gate">',
        f'<rect width="{whole[0]}" height="{whole[1]}" fill="#ffffff"/>',
        *(_field(top, title, ticks) for top, title, ticks in _fields(second, most)),
        *(_zone(x(zone[0]), x(zone[1]), top) for top in (_TOP, second)),
        line(lambda point: point[2], _TOP, _COLORS["naive rule passes"], True),
        *(line(_part(place), _TOP, _COLORS[name]) for place, name in enumerate(("pass", "block", "undecided"))),
        line(lambda point: point[1][3] / most, second, "#0969da"),
        *(_label(x(widest * step / 5), second + _HEIGHT + 18, f"{widest * step / 5:.3f}") for step in range(6)),
        _label(
            _LEFT + _WIDTH / 2, second + _HEIGHT + 38, "true share of slow requests (the shaded zone: either answer)"
        ),
        *(_legend(place, name, color) for place, (name, color) in enumerate(_COLORS.items())),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _part(place: int) -> Callable[[Any], float]:
    return lambda point: float(point[1][place])


def _fields(second: float, most: float) -> tuple[tuple[float, str, list[tuple[float, str]]], ...]:
    chances = [(step / 4, f"{step / 4:g}") for step in range(5)]
    requests = [(n / most, f"{n}") for n in range(0, int(most) + 1, 50)]
    return (_TOP, "chance", chances), (second, "requests on average", requests)


def _field(top: float, title: str, ticks: list[tuple[float, str]]) -> str:
    heights = [(top + (1 - at) * _HEIGHT, text) for at, text in ticks]
    lines = [
        f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d0d7de"/>'
        f"{_label(_LEFT - 8, y + 4, text, 'end')}"
        for y, text in heights
    ]
    return "".join([*lines, _label(_LEFT, top - 10, title, "start")])


def _zone(low: float, high: float, top: float) -> str:
    return f'<rect x="{low:.1f}" y="{top}" width="{high - low:.1f}" height="{_HEIGHT}" fill="#0969da" opacity="0.08"/>'


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#24292f">{text}</text>'


def _legend(place: int, name: str, color: str) -> str:
    x, y = _LEFT + _WIDTH + 16, _TOP + 16 + 22 * place
    swatch = f'<line x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}" stroke="{color}" stroke-width="2"/>'
    return swatch + _label(x + 28, y, name, "start")
