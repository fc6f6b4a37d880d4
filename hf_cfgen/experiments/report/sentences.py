"""Figure 5: test sentences that only a tagger with augmentation gets right, and counterfactual examples near them."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from ...evaluation.corrections import Correction
from ...reporting.formatting import bracketed, word_separator
from ...reporting.html import listed, marked, swapped
from ...reporting.markdown import escaped, example
from ..results import CellResult
from .document import Section, Sentences, Text

SHOWN = 3  # per dataset


def figure_5(table: pd.DataFrame, best_name: str | None) -> Section:
    """Figure 5: test sentences that NoAug gets wrong, those with a kept and a rejected example nearby first."""

    def order(item: tuple[CellResult, Correction]) -> tuple[Any, ...]:
        result, case = item
        lacking = (case.kept is None) + (case.rejected is None)
        similarity = case.kept.similarity if case.kept else 0.0
        return lacking, result.recipe != best_name, -similarity, result.recipe, result.n or 0, result.seed, case.id

    parts = []
    for dataset, results in table.groupby("dataset", sort=False)["result"]:
        found = sorted(((result, case) for result in results for case in result.corrections), key=order)
        first = {case.id: (result, case) for result, case in reversed(found)}  # the first one of each sentence
        for result, case in sorted(first.values(), key=order)[:SHOWN]:
            size = "all" if result.n is None else result.n
            name = f"{dataset}, {case.id}: {result.recipe} with {result.model}, N={size}, seed {result.seed}"
            parts.append(_shown(name, case))
    text = (
        "Test sentences that the tagger of a recipe gets fully right and NoAug wrong, with the counterfactual "
        "examples that share most tokens with them: one that the discriminator kept, and one that it rejected. Shared "
        "tokens do not prove that the example caused the correction."
    )
    return Section("Figure 5: cases", [Text(text if parts else "No result has a case."), *parts])


def _shown(name: str, case: Correction) -> Sentences:
    html: list[tuple[str, Markup]] = []
    markdown: list[tuple[str, str]] = []

    def add(what: str, tokens: list[str], tags: list[str]) -> None:
        separator = word_separator(tokens)
        html.append((what, marked(tokens, tags, separator)))
        markdown.append((what, escaped(bracketed(tokens, tags, separator))))

    for row, verdict in ((case.kept, "reasonable"), (case.rejected, "unreasonable")):
        if row is None:
            continue
        add("observational example", row.source.tokens, row.source.tags)
        what = f"{'unjudged' if row.score is None else verdict} counterfactual example"
        shown = row.to_dict() | {"ner_tags": row.tags, "source_id": row.source.id}
        html.append((what, listed([swapped(shown)])))
        separator = word_separator(row.tokens)
        # a baseline may change words or their order without replacing a mention
        plain = escaped(bracketed(row.tokens, row.tags, separator))
        markdown.append((what, example(shown, characters=not separator) if row.replaced else plain))
    add("test sentence, gold and as predicted with augmentation", case.tokens, case.gold)
    add("the same as NoAug predicts it", case.tokens, case.noaug)
    return Sentences(name, html, markdown)
