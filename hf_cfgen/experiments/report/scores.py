"""Sections on F1: gains over NoAug, recipes compared, Table 2, learning curves, and sizes."""

from collections.abc import Sequence

import pandas as pd

from ...tagging.scoring import LEVELS
from ..statistics import over_seeds
from . import paper
from .charts import chart, colors
from .data import (
    MODEL,
    RUN,
    compare,
    dev_gains,
    is_judged,
    left_out,
    options_of,
    places_text,
    recipe_order,
    recipes,
    seeds_text,
)
from .document import Charts, Part, Section, Table, Text

DEFAULT = "default"  # the name of the recipe of `hf-cfgen run` in grids

_LINES = 6  # per chart, so that they stay distinguishable

_WHERE = ("pairs", "where", "left out")

_UNJUDGED = ("judge", "as_many_as")  # options that only the control without a discriminator has

RESAMPLES = 1000

PAPER = {"recipe": "paper"}  # the resolved options of the paper's recipe


def sizes(table: pd.DataFrame) -> Section:
    """Table 1: the number of sentences in each split, here and in the paper."""
    rows = []
    for dataset, own in table.groupby("dataset", sort=False):
        here = [seeds_text([result.examples[split] for result in own.result]) for split in paper.SPLITS]
        name = paper.counterpart(str(dataset))
        theirs = [None] * len(paper.SPLITS) if name is None else paper.SIZES[name]
        rows.append([dataset, *here, seeds_text([len(result.types) for result in own.result]), name, *theirs])
    header = ["dataset", "train", "dev", "test", "types", "in the paper", "train", "dev", "test"]
    return Section("Table 1: sizes", [Table.of("Sentences by split, as run and in the paper", header, rows, 1)])


def gains(table: pd.DataFrame, resamples: int = RESAMPLES) -> Section:
    """Mean gains over NoAug by dataset and model, and over all of them."""
    noaug, rows = table[table.noaug], []
    places: list[tuple[tuple[str, str], pd.DataFrame]] = [*table.groupby(MODEL, sort=False)]
    for place, own in [(("all", "all"), table), *places] if len(places) > 1 else places:
        for recipe in recipes(table):
            found = compare(own[own.recipe == recipe], noaug, resamples)
            if found is None:
                continue
            gain = None
            if place != ("all", "all") and is_judged(table, recipe):
                gain = paper.mean_gain(place_in_paper(found.runs), set(found.runs.n))
            theirs = None if gain is None else f"{gain:+.1f}"
            where = places_text(found.runs)
            rows.append([*place, recipe, *found.differences.values(), theirs, str(len(found.runs)), where])
    header = ["dataset", "model", "recipe", *LEVELS, "in the paper", "pairs", "where"]
    text = (
        "The paper's gain is its mean over the same sizes, without likely copy errors in its table. It is shown for "
        "recipes that also have a discriminator."
    )
    caption = "Mean gain in F1 over NoAug, percent"
    return Section("Gains over NoAug", [Text(text), Table.of(caption, header, rows, names=3, words=1)])


def best(table: pd.DataFrame, name: str, resamples: int) -> Section:
    """The default recipe, or the best one on dev, minus each of the others, over all datasets and by dataset."""
    if name == DEFAULT:
        text = f"{name} is the recipe of hf-cfgen run"
    else:
        runs = dev_gains(table)
        names = sorted(runs.recipe.unique())
        runs_text = f"the {len(runs) // len(names)} runs that {', '.join(names)} all have ({places_text(runs)})"
        text = f"{name} has the highest mean gain in strict F1 over NoAug on dev, over {runs_text}"
    others = [*table.recipe[table.noaug].unique(), *(other for other in recipes(table) if other != name)]
    rows = [[row[0], *row[2:]] for row in _differences(table, [(name, other) for other in others], resamples)]
    header = ["dataset", f"{name} minus", *LEVELS, *_WHERE]
    return Section(
        f"{name} compared with the others",
        [
            Text(f"{text}; test scores were not used."),
            Table.of("Mean difference in F1, percent", header, rows, names=2, words=2),
        ],
    )


def controls(table: pd.DataFrame, resamples: int) -> Section:
    """Recipes whose candidates are judged minus those with the same number of the same candidates, not judged."""
    options = {recipe: options_of(table, recipe) for recipe in recipes(table)}
    pairs = [
        (judged, control)
        for control in options
        for judged in options
        if "as_many_as" in options[control]
        and options[judged] == {name: value for name, value in options[control].items() if name not in _UNJUDGED}
    ]
    rows = _differences(table, pairs, resamples)
    text = (
        "What the discriminator adds: both recipes train on the same number of the same candidates, those that it "
        "accepts or random ones."
    )
    header = ["dataset", "judged", "minus unjudged", *LEVELS, *_WHERE]
    differences = Table.of("Mean difference in F1, percent", header, rows, names=3, words=2)
    return Section("Judged and unjudged candidates", [Text(text), differences] if rows else [])


def _differences(table: pd.DataFrame, pairs: Sequence[tuple[str, str]], resamples: int) -> list[list[object]]:
    """Make one row per pair of recipes, over all datasets and then by dataset."""
    rows: list[list[object]] = []
    datasets: list[tuple[str, pd.DataFrame]] = [*table.groupby("dataset", sort=False)]
    for dataset, runs in [("all", table), *datasets] if len(datasets) > 1 else datasets:
        for names in pairs:
            sides = [runs[runs.recipe == name] for name in names]
            both = sides[0][MODEL].merge(sides[1][MODEL]).drop_duplicates()
            ours, theirs = (side[side.set_index(MODEL).index.isin(both.set_index(MODEL).index)] for side in sides)
            if (found := compare(ours, theirs, resamples)) is not None:
                lacking = left_out(ours, theirs) or None
                where = places_text(found.runs)
                rows.append([dataset, *names, *found.differences.values(), str(len(found.runs)), where, lacking])
    return rows


def table_2(table: pd.DataFrame, best_name: str | None, resamples: int) -> Section:
    """Table 2: F1 of NoAug and of every recipe, by dataset, model and N, compared with the paper."""
    parts: list[Part] = [_in_the_papers_shape(table, best_name)]
    for (dataset, model), own in table.groupby(MODEL, sort=False):
        rows = []
        for (size, recipe), runs in own.groupby(["size", "recipe"], sort=False):
            noaug = own[(own["size"] == size) & own.noaug]
            found = None if runs.noaug.iloc[0] else compare(runs, noaug, resamples)
            lacking = "no NoAug tagger" if noaug.empty else seeds_text(set(runs.seed) ^ set(noaug.seed)) or None
            cells = [
                cell
                for level in LEVELS
                for cell in (over_seeds(runs[level]), found.differences[level] if found else None)
            ]
            rows.append([size, recipe, seeds_text(runs.seed), lacking, *cells])
        columns = [name for level in LEVELS for name in (f"{level} F1", "gain")]
        header = ["N", "recipe", "seeds", "left out of gains", *columns]
        parts.append(Table.of(f"F1 and gain over NoAug on {dataset} with {model}, percent", header, rows, names=4))
    return Section("Table 2: F1", parts)


def _in_the_papers_shape(table: pd.DataFrame, best_name: str | None) -> Table:
    rows: list[list[object]] = []
    noaug = table.loc[table.noaug, [*RUN, *LEVELS]]
    for place, pairs in paper.F1.items():
        printed = [
            f"{pair[0]:.1f} → {pair[1]:.1f} ({pair[1] - pair[0]:+.1f})" if pair else "likely a copy error, no target"
            for pair in pairs
        ]
        rows.append([*place, "Zeng et al.", "as printed", *printed])
        for names, own in table.groupby(MODEL, sort=False):
            if place_in_paper(own) != place:
                continue
            for recipe in (name for name in recipes(table) if name == best_name or is_paper(table, name)):
                runs = own[own.recipe == recipe].merge(noaug, on=RUN, suffixes=("", "_noaug"))
                for level in LEVELS[:2]:
                    cells = [_arrow(runs[runs.n == n], level) for n in paper.TRAIN_EXAMPLES]
                    if any(cells):
                        rows.append([*names, recipe, level, *cells])
    header = ["dataset", "tagger", "recipe", "match", *(f"N={n}" for n in paper.TRAIN_EXAMPLES)]
    return Table.of("F1 of NoAug → recipe (gain), percent, in the paper's shape", header, rows, names=4)


def _arrow(runs: pd.DataFrame, level: str) -> str | None:
    if runs.empty:
        return None
    ours, theirs = runs[level], runs[f"{level}_noaug"]
    return f"{over_seeds(theirs)} → {over_seeds(ours)} ({over_seeds(ours - theirs, signed=True)})"


def curves(table: pd.DataFrame, best_name: str | None) -> Section:
    """Learning curves: F1 by N of NoAug, the best recipe, the paper's, and those of the others with the most runs."""
    parts: list[Part] = []
    for (dataset, model), own in table[table.n.notna()].groupby(MODEL, sort=False):
        times, names = own.recipe.value_counts(), own.recipe.unique()
        first = {*own.recipe[own.noaug], best_name, *(name for name in names if is_paper(table, name))}
        order = sorted(names, key=lambda name: (name not in first, -times[name], *recipe_order(name)))
        drawn, others = ([name for name in names if name in part] for part in (order[:_LINES], order[_LINES:]))
        charts = [
            chart(f"{dataset}, {model}, {level}", "F1, %", own.assign(value=100 * own[level]), drawn)
            for level in LEVELS
        ]
        parts.append(Charts(f"F1 over N on {dataset} with {model}", colors(drawn), charts))
        if others:
            parts.append(Text(f"Not drawn: {', '.join(others)}."))
    return Section("Learning curves", parts)


def is_paper(table: pd.DataFrame, recipe: str) -> bool:
    """Return whether a recipe is the paper's."""
    return options_of(table, recipe) == PAPER


def place_in_paper(runs: pd.DataFrame) -> tuple[str, str] | None:
    """Return the dataset and the tagger of the paper that correspond to runs."""
    result = runs.result.iloc[0]
    dataset, tagger = paper.counterpart(result.dataset), paper.tagger(result.config["model"]["model"])
    return (dataset, tagger) if dataset and tagger else None
