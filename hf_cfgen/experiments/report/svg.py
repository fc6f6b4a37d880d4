"""Charts as inline SVG: text stays text, in the reader's fonts and colours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 340, 230

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 26, 34

_TICKS = 5

COLORS = 10  # classes c0 ... of the page's style


@dataclass(frozen=True)
class Point:
    """A mean with its standard error; the error is `None` where there is one seed."""

    mean: float
    error: float | None

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the band."""
        return self.mean - (self.error or 0), self.mean + (self.error or 0)


Series = Mapping[str, Mapping[int, Point]]


def line_chart(title: str, unit: str, series: Series) -> Markup:
    """Lines over the number of train examples, with a band of one standard error.

    Args:
        title (`str`): What stands above it.
        unit (`str`): What the values are.
        series (`Mapping[str, Mapping[int, Point]]`): By the name of a line and the number of train examples.

    Returns:
        `Markup`: An svg element.

    Example:

    >>> chart = line_chart("a < b", "F1", {"none": {100: Point(10, 1), 200: Point(20, None)}})
    >>> "a &lt; b" in chart, chart.count("<circle")
    (True, 2)
    """
    sizes = sorted({n for line in series.values() for n in line})
    ticks = _ticks([end for line in series.values() for point in line.values() for end in point.ends])
    low, high = min(sizes), max(sizes)
    x = {n: _LEFT + 14 + (n - low) / ((high - low) or 1) * (WIDTH - _LEFT - _RIGHT - 28) for n in sizes}
    pieces = [_axes(title, unit, ticks, [(x[n], str(n)) for n in sizes])]
    for place, line in enumerate(series.values()):
        points = sorted(line.items())
        heights = {n: tuple(_y(value, ticks) for value in (*point.ends, point.mean)) for n, point in points}
        color = f"c{place % COLORS}"
        edge = [(x[n], heights[n][0]) for n, _ in points] + [(x[n], heights[n][1]) for n, _ in reversed(points)]
        middle = [(x[n], heights[n][2]) for n, _ in points]
        pieces.append(Markup('<polygon class="band {}" points="{}"/>').format(color, _points(edge)))
        pieces.append(Markup('<polyline class="line {}" points="{}"/>').format(color, _points(middle)))
        for n, point in points:
            lower, upper, at = heights[n]
            if point.error and len(points) == 1:  # a band of one point has no width
                pieces.append(_whisker(x[n], lower, upper))
            pieces.append(Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(color, x[n], at))
    return _svg(title, pieces)


def bar_chart(title: str, unit: str, series: Series) -> Markup:
    """Bars over the number of train examples, with whiskers of one standard error.

    Args:
        title (`str`): What stands above it.
        unit (`str`): What the values are.
        series (`Mapping[str, Mapping[int, Point]]`): By the name of a bar and the number of train examples.

    Returns:
        `Markup`: An svg element.

    Example:

    >>> bar_chart("RI", "RI", {"none": {100: Point(0.1, 0.01)}, "budget": {100: Point(-0.2, None)}}).count("<rect")
    2
    """
    sizes = sorted({n for line in series.values() for n in line})
    ticks = _ticks([0.0, *(end for line in series.values() for point in line.values() for end in point.ends)])
    step = (WIDTH - _LEFT - _RIGHT) / len(sizes)
    wide = min(0.8 * step / len(series), 28)
    middles = [(_LEFT + (i + 0.5) * step, str(n)) for i, n in enumerate(sizes)]
    pieces = [_axes(title, unit, ticks, middles)]
    for place, line in enumerate(series.values()):
        for (middle, _), n in zip(middles, sizes):
            if n not in line:
                continue
            left = middle + (place - len(series) / 2) * wide
            lower, upper, at, zero = (_y(value, ticks) for value in (*line[n].ends, line[n].mean, 0.0))
            bar = Markup('<rect class="bar c{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
            pieces.append(bar.format(place % COLORS, left, min(at, zero), 0.9 * wide, abs(at - zero)))
            if line[n].error:
                pieces.append(_whisker(left + 0.45 * wide, lower, upper))
    return _svg(title, pieces)


def legend(names: Sequence[str]) -> Markup:
    """The colours of a chart's series.

    Args:
        names (`Sequence[str]`): Their names, in their order.

    Returns:
        `Markup`: HTML.
    """
    item = Markup(
        '<span class="key"><svg width="30" height="10" aria-hidden="true">'
        '<line class="line c{0}" x2="30" y1="5" y2="5"/><circle class="dot c{0}" cx="15" cy="5" r="4"/></svg> '
        "{1}</span> "
    )
    return Markup('<p class="legend">{}</p>').format(
        Markup("").join(item.format(place % COLORS, name) for place, name in enumerate(names))
    )


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers that hold all values between the first and the last."""
    low, high = min(values), max(values)
    rough = (high - low or abs(high) or 1.0) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def _y(value: float, ticks: Sequence[float]) -> float:
    return HEIGHT - _BOTTOM - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (HEIGHT - _TOP - _BOTTOM)


def _axes(title: str, unit: str, ticks: Sequence[float], labels: Sequence[tuple[float, str]]) -> Markup:
    text = Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>')
    pieces = [text.format("name", _LEFT, 14, title)]
    for tick in ticks:
        height = _y(tick, ticks)
        line = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
        pieces.append(line.format("zero" if tick == 0 else "grid", _LEFT, WIDTH - _RIGHT, height, height))
        pieces.append(text.format("tick", _LEFT - 5, height + 4, f"{tick:g}"))
    pieces += [text.format("size", place, HEIGHT - _BOTTOM + 15, label) for place, label in labels]
    pieces.append(text.format("unit", _LEFT, HEIGHT - 3, f"{unit} over N, train examples"))
    return Markup("").join(pieces)


def _whisker(x: float, lower: float, upper: float) -> Markup:
    line = Markup('<line class="whisker" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>')
    return line.format(x, x, lower, upper)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _svg(title: str, pieces: Sequence[Markup]) -> Markup:
    svg = Markup('<svg class="chart" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}</svg>')
    return svg.format(title, WIDTH, HEIGHT, WIDTH, HEIGHT, Markup("").join(pieces))
