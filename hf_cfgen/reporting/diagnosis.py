"""The report on one tagger: its effects with intervals, by level and by type, and the sentences that show them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import combining, east_asian_width

from ..tagging.scoring import LEVELS
from ..tagging.spans import tags_to_spans
from ..utils.text import is_in_characters

EMPTY = "[EMPTY]"

EFFECTS = {"F1": "f1", "ACE_C": "ace_c", "ACE_E": "ace_e", "RI": "ri"}

_RUN_OF_EMPTY = re.compile(rf"{re.escape(EMPTY)}( ?{re.escape(EMPTY)}){{2,}}")

_INTERVENTIONS = {
    "do_context": ("do(c0)", "Predictions that change most when the context is [EMPTY], do(c0)"),
    "do_entity": ("do(e0)", "Predictions that change most when the mentions are [EMPTY], do(e0)"),
}


def diagnosis_table(diagnosis: dict[str, Any]) -> str:
    """What people read of a diagnosis.

    Args:
        diagnosis (`dict`): What `hf_cfgen.evaluation.diagnosis.diagnose` returns.

    Returns:
        `str`: Lines of fixed-width text: the effects by level, the strict ones by type, and the sentences whose
        predictions change most, their mentions in brackets, `[PER Ada] met [PER Bo]`.
    """
    effects, support = diagnosis["effects"], diagnosis["scores"]["strict"]["support"]
    by_type = effects["strict"]["by_type"]
    blocks = [
        [
            f"Causal effects on F1, {_number(diagnosis['sentences'], 'sentence')}, {_number(support, 'mention')}; "
            "95 % intervals (high RI: the tagger leans on the entity, low: on its context)",
            *_aligned([["", *EFFECTS], *([level, *effect_cells(effects[level])] for level in LEVELS)]),
        ]
    ]
    if by_type:
        rows = [[label, str(effect["support"]), *effect_cells(effect)] for label, effect in by_type.items()]
        blocks.append(_aligned([["strict, by type", "mentions", *EFFECTS], *rows]))
    if others := ", ".join(diagnosis["model_types_without_data"]):
        blocks.append(
            [
                f"The model's types without a mention in the data: {others}. "
                "Predictions of them count as errors; --label_map TYPE=O drops them, TYPE=NAME renames them."
            ]
        )
    for name, (intervention, title) in _INTERVENTIONS.items():
        rows = diagnosis["most_changed"][name]
        if rows:
            blocks.append([title, *(line for row in rows for line in _sentence(row, intervention))])
    return "\n\n".join("\n".join(block) for block in blocks)


def bracketed(words: Sequence[str], tags: Sequence[str], separator: str = " ") -> str:
    """A sentence with its mentions in brackets.

    Args:
        words (`Sequence[str]`): The words.
        tags (`Sequence[str]`): Their tags, of any scheme.
        separator (`str`, *optional*, defaults to `" "`): What stands between words.

    Returns:
        `str`: One line.

    Example:

    >>> bracketed(["Ada", "Lovelace", "met", "Bo"], ["B-PER", "I-PER", "O", "B-PER"])
    '[PER Ada Lovelace] met [PER Bo]'
    """
    pieces, done = [], 0
    for start, end, label in tags_to_spans(tags):
        pieces += [*words[done:start], f"[{label} {separator.join(words[start:end])}]"]
        done = end
    return " ".join(separator.join([*pieces, *words[done:]]).split())  # a word that is a line break breaks no line


def gap(words: Sequence[str]) -> str:
    """What stands between the words of a sentence: nothing if all are characters.

    Args:
        words (`Sequence[str]`): The words.

    Returns:
        `str`: A blank or nothing.

    Example:

    >>> gap(["北", "京"]), gap(["Ada", "!"])
    ('', ' ')
    """
    return "" if is_in_characters(words) else " "


def brief(line: str) -> str:
    """A line in which three [EMPTY] or more in a row are one, with their number.

    Args:
        line (`str`): The line.

    Returns:
        `str`: The line.

    Example:

    >>> brief("[EMPTY] [EMPTY] [EMPTY] met [EMPTY]")
    '[EMPTY x3] met [EMPTY]'
    """
    return _RUN_OF_EMPTY.sub(lambda run: f"[EMPTY x{run.group().count(EMPTY)}]", line)


def effect_cells(effect: Mapping[str, Any]) -> list[str]:
    """F1, ACE_C, ACE_E and RI with their intervals.

    Args:
        effect (`Mapping[str, Any]`): Of one level or type; see `hf_cfgen.tagging.scoring.causal_scores`.

    Returns:
        `list[str]`: A cell for each of `EFFECTS`.

    Example:

    >>> keys = EFFECTS.values()
    >>> effect_cells({key: 0.5 for key in keys} | {f"{key}_interval": [0.25, 0.75] for key in keys})[:2]
    ['0.50 [0.25, 0.75]', '+0.50 [+0.25, +0.75]']
    """
    cells = []
    for key in EFFECTS.values():
        sign = "" if key == "f1" else "+"
        low, high = effect[f"{key}_interval"]
        cells.append(f"{effect[key]:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]")
    return cells


def _sentence(row: dict[str, Any], intervention: str) -> list[str]:
    words = row["tokens"]
    separator = gap(words)
    left = [EMPTY if empty else word for word, empty in zip(words, row["empty"])]
    shown = {"gold": (words, "gold"), "as it is": (words, "predicted"), intervention: (left, "intervened")}
    return [
        f"{row['id']}: {row['changed']} of {_number(len(words), 'word')} changed",
        *(f"  {name:8}  {brief(bracketed(given, row[tags], separator))}" for name, (given, tags) in shown.items()),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns, numbers to the right, all else to the left."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows)]
    lines = []
    for row in rows:
        gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths)]
        cells = [gap + cell if cell.isdigit() else cell + gap for cell, gap in zip(row, gaps)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    """Columns of a terminal that the text takes: two for an East Asian wide character, none for a combining one."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
