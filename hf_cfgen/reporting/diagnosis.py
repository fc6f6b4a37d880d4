"""The text report of a diagnosis: effects with intervals, and the sentences that interventions change most."""

from collections.abc import Sequence
from unicodedata import combining, east_asian_width

from ..evaluation.diagnosis import ChangedSentence, Diagnosis
from ..tagging.scoring import LEVELS
from .formatting import EFFECTS, EMPTY, bracketed, collapse_empty, counted, effect_cells, word_separator

_INTERVENTIONS = {
    "do_context": ("do(c0)", "Predictions that change most when the context is [EMPTY], do(c0)"),
    "do_entity": ("do(e0)", "Predictions that change most when the mentions are [EMPTY], do(e0)"),
}


def diagnosis_table(diagnosis: Diagnosis) -> str:
    """Format the effects by level and by type, and the most changed sentences, as fixed-width text."""
    effects, support = diagnosis.effects, diagnosis.scores.strict.support
    title = (
        f"Causal effects on F1, {counted(diagnosis.sentences, 'sentence')}, {counted(support, 'mention')}; "
        "95 % intervals (high RI: the tagger relies on the entity, low: on its context)"
    )
    by_level = [[level, *effect_cells(effects[level])] for level in LEVELS]
    blocks = [[title, *_aligned([["", *EFFECTS], *by_level])]]
    if by_type := effects.strict.by_type:
        rows = [[label, str(effect.support), *effect_cells(effect)] for label, effect in by_type.items()]
        blocks.append(_aligned([["strict, by type", "mentions", *EFFECTS], *rows]))
    if others := ", ".join(diagnosis.model_types_without_data):
        blocks.append(
            [
                f"Types of the model that do not occur in the data: {others}. "
                "Predictions of these types count as errors: --model_labels TYPE=O ignores them, TYPE=NAME renames."
            ]
        )
    for name, (intervention, title) in _INTERVENTIONS.items():
        if changed := diagnosis.most_changed[name]:
            blocks.append([title, *(line for row in changed for line in _sentence(row, intervention))])
    return "\n\n".join("\n".join(block) for block in blocks)


def _sentence(row: ChangedSentence, intervention: str) -> list[str]:
    separator = word_separator(row.tokens)
    remaining = [EMPTY if empty else word for word, empty in zip(row.tokens, row.empty)]
    passes = {
        "gold": (row.tokens, row.gold),
        "unchanged": (row.tokens, row.predicted),
        intervention: (remaining, row.intervened),
    }
    return [
        f"{row.id}: {row.changed} of {counted(len(row.tokens), 'word')} changed",
        *(f"  {name:9}  {collapse_empty(bracketed(*shown, separator))}" for name, shown in passes.items()),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of aligned columns, numbers to the right, everything else to the left."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows)]
    lines = []
    for row in rows:
        padding = [" " * (width - _width(cell)) for cell, width in zip(row, widths)]
        cells = [space + cell if cell.isdigit() else cell + space for cell, space in zip(row, padding)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    """Terminal columns of a text: two for an East Asian wide character, none for a combining one."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
