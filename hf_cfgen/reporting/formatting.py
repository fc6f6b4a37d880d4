"""Numbers, intervals and sentences as plain text: the one place that decides how they look."""

import re
from collections.abc import Callable, Sequence

from ..tagging.scoring import Effects, Interval
from ..tagging.spans import tags_to_spans
from ..utils.text import is_in_characters

EMPTY = "[EMPTY]"

EFFECTS = {"F1": "f1", "ACE_C": "ace_c", "ACE_E": "ace_e", "RI": "ri"}

_RUN_OF_EMPTY = re.compile(rf"{re.escape(EMPTY)}( ?{re.escape(EMPTY)}){{2,}}")


def percent(value: float, signed: bool = False) -> str:
    """Format a fraction in percent with one decimal: 0.25 is `25.0`, or `+25.0` if `signed`."""
    return f"{100 * value:{'+' if signed else ''}.1f}"


def fraction(value: float, signed: bool = False) -> str:
    """Format a fraction with two decimals: 0.25 is `0.25`, or `+0.25` if `signed`."""
    return f"{value:{'+' if signed else ''}.2f}"


def interval(ends: Interval, number: Callable[..., str], signed: bool = False) -> str:
    """Format an interval; `number` is `percent` or `fraction`.

    Example:

    >>> interval((0.25, 0.5), percent)
    '[25.0, 50.0]'
    """
    low, high = ends
    return f"[{number(low, signed)}, {number(high, signed)}]"


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: `1 sentence`, `2 sentences`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def effect_cells(effects: Effects) -> list[str]:
    """Format F1, ACE_C, ACE_E and RI with their intervals, one cell for each of `EFFECTS`: `+0.50 [+0.25, +0.75]`."""
    cells = []
    for name in EFFECTS.values():
        value, ends, signed = getattr(effects, name), getattr(effects, f"{name}_interval"), name != "f1"
        cells.append(f"{fraction(value, signed)} {interval(ends, fraction, signed)}")
    return cells


def word_separator(words: Sequence[str]) -> str:
    """Return the text between the words of a sentence: empty if all words are single characters, else a space."""
    return "" if is_in_characters(words) else " "


def collapse_empty(text: str) -> str:
    """Replace three or more consecutive [EMPTY] by one with their number.

    Example:

    >>> collapse_empty("[EMPTY] [EMPTY] [EMPTY] met [EMPTY]")
    '[EMPTY x3] met [EMPTY]'
    """
    return _RUN_OF_EMPTY.sub(lambda run: f"[EMPTY x{run.group().count(EMPTY)}]", text)


def bracketed(words: Sequence[str], tags: Sequence[str], separator: str = " ") -> str:
    """Format a sentence on one line with its mentions in brackets.

    Example:

    >>> bracketed(["Ada", "Lovelace", "met", "Bo"], ["B-PER", "I-PER", "O", "B-PER"])
    '[PER Ada Lovelace] met [PER Bo]'
    """
    pieces, done = [], 0
    for start, end, label in tags_to_spans(tags):
        pieces += [*words[done:start], f"[{label} {separator.join(words[start:end])}]"]
        done = end
    return " ".join(separator.join([*pieces, *words[done:]]).split())  # a word may contain a line break
