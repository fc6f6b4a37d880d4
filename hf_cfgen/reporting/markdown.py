"""Tables and lines of Markdown from a run's results."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..tagging.scoring import LEVELS

_REASONS = {
    "truncated": "the mention lies outside every window that the model saw",
    "wrong_boundaries": "a mention of its type that overlaps it is predicted",
    "wrong_type": "a mention of another type that overlaps it is predicted",
    "missed": "no mention that overlaps it is predicted",
}

_WINDOW = 20  # tokens shown beside a replaced mention

_LONGEST = 200  # characters shown of a mention, and of what is on either side


def escaped(text: str) -> str:
    """Text of the data as Markdown shows it, on one line.

    Args:
        text (`str`): Any text.

    Returns:
        `str`: The text.

    Example:

    >>> print(escaped("a|b *c*"), escaped("1. d"))
    a\\|b \\*c\\* 1\\. d
    """
    line = re.sub(r"([\\`*_{}\[\]<>|#~$&!])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+.)])", r"\1\\\2", line)  # the beginning of a list


def fence(text: str) -> str:
    """The line before and after a block of code, which no line of it ends.

    Args:
        text (`str`): The code.

    Returns:
        `str`: Three backticks, or more than there are together in the code.

    Example:

    >>> fence("a ``` b")
    '````'
    """
    return "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))


def percent(fraction: float) -> str:
    """A score in per cent.

    Args:
        fraction (`float`): From 0 to 1.

    Returns:
        `str`: With one decimal.
    """
    return f"{100 * fraction:.1f}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table.

    Args:
        header (`Sequence[str]`): The names of its columns.
        rows (`Iterable[Sequence[object]]`): Its rows, as they shall stand.

    Returns:
        `str`: Its lines; none where there is no row.

    Example:

    >>> print(table(("type", "kept"), [("PER", 3)]))
    | type | kept |
    |---|---|
    | PER | 3 |
    """
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(header)} |", "|" + "---|" * len(header), *lines]) if lines else ""


def scores(taggers: Mapping[str, Any]) -> str:
    """Test scores of every tagger.

    Args:
        taggers (`Mapping[str, Any]`): As in a run's results.

    Returns:
        `str`: A table.
    """
    rows = []
    for name, tagger in taggers.items():
        for level in LEVELS:
            shown = [percent(tagger["test"][level][key]) for key in ("precision", "recall", "f1")]
            low, high = tagger["causal"][level]["f1_interval"]
            rows.append((name, tagger["examples"], level, *shown, f"{percent(low)} to {percent(high)}"))
    return table(("tagger", "trained on", "match", "P", "R", "F1", "95 % interval of F1"), rows)


def effects(causal: Mapping[str, Any]) -> str:
    """Causal effects of one tagger.

    Args:
        causal (`Mapping[str, Any]`): As in a run's results, by level.

    Returns:
        `str`: A table.
    """
    rows = []
    for level in LEVELS:
        numbers = causal[level]
        low, high = numbers["ri_interval"]
        signed = [f"{numbers[key]:+.3f}" for key in ("ace_c", "ace_e", "ri")]
        rows.append((level, f"{numbers['f1']:.3f}", *signed, f"{low:+.3f} to {high:+.3f}"))
    return table(("match", "F1", "ACE_C", "ACE_E", "RI", "95 % interval of RI"), rows)


def by_type(counts: Mapping[str, Any]) -> str:
    """Counts of candidates by type.

    Args:
        counts (`Mapping[str, Any]`): The counts of `generate_counterfactuals`.

    Returns:
        `str`: A table.
    """
    names = ("mentions", "forms", "candidates", "kept")
    rows = [(escaped(label), *(numbers[name] for name in names)) for label, numbers in counts["by_type"].items()]
    return table(("type", "mentions in train", "surface forms", "candidates", "kept"), rows)


def by_reason(counts: Mapping[str, Any]) -> str:
    """Counts of rejected candidates by reason.

    Args:
        counts (`Mapping[str, Any]`): The counts of `generate_counterfactuals`.

    Returns:
        `str`: A table; nothing where none was rejected.
    """
    rows = [(f"`{reason}`", number, _REASONS[reason]) for reason, number in counts["rejected"].items()]
    return table(("rejected as", "candidates", "which means"), rows)


def example(row: Mapping[str, Any], characters: bool) -> str:
    """What was replaced in a counterfactual row, with some context.

    Args:
        row (`Mapping[str, Any]`): The row.
        characters (`bool`): Whether its tokens are characters.

    Returns:
        `str`: A line.

    Example:

    >>> item = {"start": 1, "end": 2, "label": "PER", "original": ["Ada"], "replacement": ["Bo"]}
    >>> row = {"tokens": ["hi", "Bo", "!"], "replaced": [item], "score": 0.5, "reason": None}
    >>> print(example(row, characters=False))
    hi **Ada → Bo** \\! (PER, score 0.50)
    """
    gap, tokens = "" if characters else " ", row["tokens"]
    replaced = sorted(row["replaced"], key=lambda item: item["start"])
    begin, end = max(0, replaced[0]["start"] - _WINDOW), replaced[-1]["end"] + _WINDOW
    parts, at = ["…"] if begin else [], begin
    for item in replaced:
        original, replacement = (_cut(gap.join(item[key])) for key in ("original", "replacement"))
        parts += [_cut(gap.join(tokens[at : item["start"]]), begin=True), f"**{original} → {replacement}**"]
        at = item["end"]
    parts += [_cut(gap.join(tokens[at:end])), "…" if end < len(tokens) else ""]
    about = [escaped(label) for label in dict.fromkeys(item["label"] for item in replaced)]
    if row["score"] is not None:  # null where the model did not see all that was replaced
        about.append(f"score {row['score']:.2f}")
    if row["reason"]:
        about.append(f"rejected as `{row['reason']}`")
    return f"{' '.join(part for part in parts if part)} ({', '.join(about)})"


def _cut(text: str, begin: bool = False) -> str:
    """Text as Markdown shows it; where it is long its begin, or its end, is left out."""
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        text = f"…{text[-_LONGEST:]}" if begin else f"{text[:_LONGEST]}…"
    return escaped(text)
