"""Numbers and names as tables and charts show them."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..statistics import Difference, mean_and_error
from .comparisons import Comparison
from .document import Strong
from .svg import Point

DASH = "–"


def percent_over_seeds(values: Iterable[float], signed: bool = False) -> str:
    """Mean ± standard error over seeds, in per cent.

    Args:
        values (`Iterable[float]`): A fraction a seed.
        signed (`bool`, *optional*, defaults to `False`): Whether a plus is shown.

    Returns:
        `str`: The mean alone where there is one seed.

    Example:

    >>> percent_over_seeds([0.1, 0.2]), percent_over_seeds([0.1], signed=True)
    ('15.0 ± 5.0', '+10.0')
    """
    return _over_seeds([100 * value for value in values], "+z.1f" if signed else ".1f")


def fraction_over_seeds(values: Iterable[float], signed: bool = True) -> str:
    """Mean ± standard error over seeds, of causal effects.

    Args:
        values (`Iterable[float]`): A fraction a seed.
        signed (`bool`, *optional*, defaults to `True`): Whether a plus is shown.

    Returns:
        `str`: The mean alone where there is one seed.

    Example:

    >>> fraction_over_seeds([0.1, 0.2])
    '+0.15 ± 0.05'
    """
    return _over_seeds(list(values), "+z.2f" if signed else ".2f")


def shown_difference(difference: Difference) -> str:
    """A difference with its standard error, interval, and wins, ties and losses, in per cent.

    Args:
        difference (`Difference`): A difference.

    Returns:
        `str`: A line.

    Example:

    >>> shown_difference(Difference(0.019, 0.004, [0.011, 0.027], 5, 0, 1))
    '+1.9 ± 0.4 [+1.1, +2.7] 5/0/1'
    """
    error = "" if difference.error is None else f" ± {100 * difference.error:.1f}"
    low, high = (100 * end for end in difference.interval)
    wins = f"{difference.wins}/{difference.ties}/{difference.losses}"
    return f"{100 * difference.mean:+z.1f}{error} [{low:+z.1f}, {high:+z.1f}] {wins}"


def _over_seeds(values: Sequence[float], form: str) -> str:
    if len(values) == 1:
        return f"{values[0]:{form}}"
    average, error = mean_and_error(values)
    return f"{average:{form}} ± {error:{form.removeprefix('+z')}}"


def size_name(n: int | None) -> str:
    """A number of train examples as tables show it."""
    return "all" if n is None else str(n)


def gain_cell(comparison: Comparison | None) -> str:
    """A difference, to be seen first where its interval excludes 0."""
    if comparison is None:
        return DASH
    text = shown_difference(comparison.difference)
    return Strong(text) if comparison.difference.told_apart else text


def point(values: Sequence[float]) -> Point:
    """A chart's point of values over seeds."""
    return Point(*mean_and_error(values)) if len(values) > 1 else Point(values[0], None)


def listed(values: Any) -> str:
    return ", ".join(map(str, sorted(set(values))))
