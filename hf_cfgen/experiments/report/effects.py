"""Sections on causal effects: Table 3, and Figure 4 with its numbers."""

import pandas as pd

from ...tagging.scoring import LEVELS
from ..statistics import over_seeds
from . import paper
from .charts import chart, colors
from .data import EFFECTS, GROUP, recipes, seeds_text
from .document import Charts, Part, Section, Table, Text
from .scores import is_paper

_NAMES = ("F1", "ACE_C", "ACE_E", "RI")

_FIGURE_4 = (LEVELS[0], LEVELS[2])


def table_3(table: pd.DataFrame) -> Section:
    """Table 3: causal effects of NoAug on the full train split, compared with the paper."""
    full = table[table.n.isna() & table.noaug]
    rows: list[list[object]] = [
        [dataset, model, level, seeds_text(runs.seed), *_effects(runs, level)]
        for (dataset, model), runs in full.groupby(["dataset", "model"], sort=False)
        for level in LEVELS
    ]
    for names, levels in paper.EFFECTS.items():
        for level, values in levels.items():
            rows.append([*names, level, "Zeng et al.", None, *(f"{value:+.2f}" for value in values)])
    rows.sort(key=lambda row: paper.counterpart(str(row[0])) or str(row[0]))
    header = ["dataset", "model", "level", "seeds", *_NAMES]
    effects = Table.of("Average causal effects on F1 of NoAug on the full train split", header, rows, names=4)
    nothing = [Text("No tagger here was trained on a full train split.")] if full.empty else []
    return Section("Table 3: what NoAug reads, full train split", [*nothing, effects])


def figure_4(table: pd.DataFrame, best_name: str | None) -> Section:
    """Figure 4: RI with and without augmentation by N, and the effects of all recipes."""
    parts: list[Part] = []
    sized = table[table.n.notna()]
    drawn = [name for name in recipes(table) if name == best_name or is_paper(table, name)]
    for model in sized.model.unique():
        own = sized[sized.model == model]
        names = [*own.recipe[own.noaug].unique(), *drawn]
        for level in _FIGURE_4:
            charts = [
                chart(f"{dataset}, {model}, {level}", "RI", runs.assign(value=runs[f"{level} ri"]), names, bars=True)
                for dataset, runs in own[own.recipe.isin(names)].groupby("dataset", sort=False)
            ]
            if charts:
                parts.append(Charts(f"{level} RI with {model}", colors(names), charts))
    rows = [
        [*names, seeds_text(runs.seed), *(cell for level in _FIGURE_4 for cell in _effects(runs, level))]
        for names, runs in sized.groupby(GROUP, sort=False)
    ]
    header = [
        "dataset",
        "model",
        "N",
        "recipe",
        "seeds",
        *(f"{level} {name}" for level in _FIGURE_4 for name in _NAMES),
    ]
    parts.append(Table.of("Average causal effects on F1 by recipe", header, rows, names=5))
    return Section("Figure 4: what taggers read, over N", parts)


def _effects(runs: pd.DataFrame, level: str) -> list[str]:
    return [over_seeds(runs[f"{level} {name}"], percent=False, signed=name != "f1") for name in EFFECTS]
