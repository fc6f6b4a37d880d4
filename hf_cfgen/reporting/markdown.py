"""Tables and lines of Markdown about a run."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..tagging.scoring import LEVELS, CausalEffects
from .formatting import EFFECTS, effect_cells, fraction

_WINDOW = 20  # tokens of context on each side of a replaced mention

_LONGEST = 200  # characters of a mention, and of each side of its context


def escaped(text: str) -> str:
    """Escape text of the data for Markdown, and put it on one line.

    Example:

    >>> print(escaped("a|b *c*"), escaped("1. d"))
    a\\|b \\*c\\* 1\\. d
    """
    line = re.sub(r"([\\`*_{}\[\]<>|#~$&!])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+.)])", r"\1\\\2", line)  # would start a list


def fence(text: str) -> str:
    """Return a fence for a code block: three backticks, or more if the code contains as many in a row.

    Example:

    >>> fence("a ``` b")
    '````'
    """
    return "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a table; cells must be escaped already. Without rows the result is empty.

    Example:

    >>> print(table(("type", "kept"), [("PER", 3)]))
    | type | kept |
    |---|---|
    | PER | 3 |
    """
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(header)} |", "|" + "---|" * len(header), *lines]) if lines else ""


def effects(causal: CausalEffects) -> str:
    """Format the causal effects of a tagger, with intervals, as a table."""
    return table(("match", *EFFECTS), ((level, *effect_cells(causal[level])) for level in LEVELS))


def example(row: Mapping[str, Any], characters: bool) -> str:
    """Format the replacements of a counterfactual row, with some context, on one line.

    Example:

    >>> item = {"start": 1, "end": 2, "label": "PER", "original": ["Ada"], "replacement": ["Bo"]}
    >>> row = {"tokens": ["hi", "Bo", "!"], "replaced": [item], "score": 0.5, "reason": None}
    >>> print(example(row, characters=False))
    hi **Ada → Bo** \\! (PER, score 0.50)
    """
    separator, tokens = "" if characters else " ", row["tokens"]
    replaced = sorted(row["replaced"], key=lambda item: item["start"])
    begin, end = max(0, replaced[0]["start"] - _WINDOW), replaced[-1]["end"] + _WINDOW
    parts, at = ["…"] if begin else [], begin
    for item in replaced:
        original, replacement = (_cut(separator.join(item[key])) for key in ("original", "replacement"))
        parts += [_cut(separator.join(tokens[at : item["start"]]), begin=True), f"**{original} → {replacement}**"]
        at = item["end"]
    parts += [_cut(separator.join(tokens[at:end])), "…" if end < len(tokens) else ""]
    details = [escaped(label) for label in dict.fromkeys(item["label"] for item in replaced)]
    if row["score"] is not None:  # null if the model did not read all replaced mentions
        details.append(f"score {fraction(row['score'])}")
    if row["reason"]:
        details.append(f"rejected as `{row['reason']}`")
    return f"{' '.join(part for part in parts if part)} ({', '.join(details)})"


def _cut(text: str, begin: bool = False) -> str:
    """Escape text; cut the beginning or the end of long text."""
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        text = f"…{text[-_LONGEST:]}" if begin else f"{text[:_LONGEST]}…"
    return escaped(text)
