"""Figure 5: test sentences that only a tagger with augmentation gets right, and counterfactual examples near them."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ...reporting.formatting import bracketed, word_separator
from ...reporting.html import listed, marked, swapped
from ...reporting.markdown import escaped, example
from .document import Section, Sentences, Text
from .formatting import size_name
from .results import Group, Results

SHOWN = 3  # of each data set

_COUNTERFACTUALS = ("kept", "rejected")


def figure_5(results: Results, best_name: str | None) -> Section:
    """Cases of each data set, those first that have a reasonable and an unreasonable counterfactual example nearby.

    Args:
        results (`Results`): All results.
        best_name (`str` or `None`): The recipe whose cases are shown before those of others.

    Returns:
        `Section`: The cases.
    """
    parts = []
    for dataset in dict.fromkeys(group.dataset for group in results):
        for group, seed, case in _chosen(results, dataset, best_name):
            name = f"{dataset}, {case['id']}: {group.recipe} with {group.model}, N={size_name(group.n)}, seed {seed}"
            parts.append(_shown(name, case))
    text = (
        "Test sentences that the tagger of a recipe gets fully right and NoAug wrong, found by that alone, with the "
        "counterfactual examples that share most tokens with them: one that the discriminator found reasonable, and "
        "one that it rejected. Near in tokens is no proof that the one came from the other."
    )
    return Section("Figure 5: cases", [Text(text if parts else "No result has a case."), *parts])


def _chosen(results: Results, dataset: str, best_name: str | None) -> list[tuple[Group, int, Mapping[str, Any]]]:
    found = [
        (group, seed, case)
        for group, seeds in results.items()
        if group.dataset == dataset
        for seed, result in seeds.items()
        for case in result["corrections"]
    ]

    def order(item: tuple[Group, int, Mapping[str, Any]]) -> tuple[Any, ...]:
        group, seed, case = item
        lacking = sum(case[name] is None for name in _COUNTERFACTUALS)
        similarity = case["kept"]["similarity"] if case["kept"] else 0.0
        return lacking, group.recipe != best_name, -similarity, group.recipe, group.n or 0, seed, case["id"]

    chosen: dict[str, tuple[Group, int, Mapping[str, Any]]] = {}
    for item in sorted(found, key=order):
        chosen.setdefault(item[2]["id"], item)
    return list(chosen.values())[:SHOWN]


def _shown(name: str, case: Mapping[str, Any]) -> Sentences:
    html: list[tuple[str, Markup]] = []
    markdown: list[tuple[str, str]] = []

    def add(what: str, tokens: list[str], tags: list[str]) -> None:
        separator = word_separator(tokens)
        html.append((what, marked(tokens, tags, separator)))
        markdown.append((what, escaped(bracketed(tokens, tags, separator))))

    for kind, verdict in zip(_COUNTERFACTUALS, ("reasonable", "unreasonable")):
        row = case[kind]
        if row is None:
            continue
        source = row["source"]
        add("observational example", source["tokens"], source["tags"])
        what = f"{'unjudged' if row['score'] is None else verdict} counterfactual example"
        shown = row | {"ner_tags": row["tags"], "source_id": source["id"]}
        html.append((what, listed([swapped(shown)])))
        characters = not word_separator(row["tokens"])
        # where no mention was replaced, words or their order were
        plain = escaped(bracketed(row["tokens"], row["tags"], word_separator(row["tokens"])))
        markdown.append((what, example(row, characters) if row["replaced"] else plain))
    add("test sentence, gold and as predicted with augmentation", case["tokens"], case["gold"])
    add("the same as NoAug predicts it", case["tokens"], case["noaug"])
    return Sentences(name, html, markdown)
