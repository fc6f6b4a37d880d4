"""The results as one tidy table, one row per cell, and comparisons of recipes on equal seeds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import CfgenError
from ...tagging.scoring import LEVELS
from ..results import COUNTED, CellResult, read_results
from ..statistics import Difference, Stratum, difference

EFFECTS = ("f1", "ace_c", "ace_e", "ri")
SECONDS = ("generate", "judge", "train", "evaluate")
MODEL, PLACE, GROUP = ["dataset", "model"], ["dataset", "model", "size"], ["dataset", "model", "size", "recipe"]
RUN = [*PLACE, "seed"]


def results_table(path: Path) -> pd.DataFrame:
    """Read results into a table with one row per cell, in the order of the report's tables.

    Args:
        path (`Path`): See `hf_cfgen.experiments.results.read_results`.

    Returns:
        `pd.DataFrame`: The key of each cell (`size` is `n` as text), its options, its F1 on test at each level, its
        causal effects (`"strict ri"`), its costs, and `result`, the `CellResult` itself.

    Raises:
        CfgenError: There are no results, or two results contradict each other.
    """
    rows = [_row(file, result) for file, results in read_results(path).items() for result in results]
    table = pd.DataFrame(sorted(rows, key=_order))
    for again in table.index[table.duplicated([*GROUP, "seed"])]:
        first = table[(table[[*GROUP, "seed"]] == table.loc[again, [*GROUP, "seed"]]).all(axis=1)].iloc[0]
        name = table.result[again].name
        raise CfgenError(f"{table.file[again]}: {name}, which {first.file.name} has: delete one of them")
    config = table.result.map(lambda result: result.config)
    gold = table.result.map(lambda result: [result.sentences[level]["gold"] for level in LEVELS])
    for what, keys, values in (
        ("options of the dataset, model or training", MODEL, config.map(lambda of: {**of, "recipe": None})),
        ("options of the recipe", ["recipe"], table.options),
        ("test sentences", ["dataset"], gold),
    ):
        text = values.map(lambda value: json.dumps(value, sort_keys=True))
        first = text.groupby([table[key] for key in keys]).transform("first")
        for place in table.index[text != first]:
            raise CfgenError(
                f"{table.file[place]}: {table.result[place].name} has other {what} than the other results of "
                f"{' '.join(table.loc[place, keys])}: keep the results of one of them"
            )
    return table


def _row(file: Path, result: CellResult) -> dict[str, Any]:
    return {
        **{name: getattr(result, name) for name in ("dataset", "model", "n", "recipe", "seed")},
        "size": "all" if result.n is None else str(result.n),
        "options": result.config["recipe"],
        "noaug": not result.config["recipe"],
        **{level: result.test[level].f1 for level in LEVELS},
        **{f"{level} {name}": getattr(result.causal[level], name) for level in LEVELS for name in EFFECTS},
        "dev": result.dev_strict_f1,
        "judged": result.judged,
        "mixed": result.examples["mixed"],
        "steps": result.steps,
        **result.seconds,
        "counts": {level: np.array([of[name] for name in COUNTED]).T for level, of in result.sentences.items()},
        "result": result,
        "file": file,
    }


def _order(row: Mapping[str, Any]) -> tuple[object, ...]:
    size = (row["n"] is None, row["n"] or 0)
    return row["dataset"], row["model"], *size, not row["noaug"], *recipe_order(row["recipe"]), row["seed"]


def recipe_order(name: str) -> tuple[int, str]:
    """Sort a recipe before the same recipe with something added."""
    return name.count("+"), name


def recipes(table: pd.DataFrame) -> list[str]:
    """Return the names of the recipes other than NoAug, in the order of tables."""
    return sorted(table.recipe[~table.noaug].unique(), key=recipe_order)


def options_of(table: pd.DataFrame, recipe: str) -> dict[str, Any]:
    """Return the options of a recipe."""
    return table.options[table.recipe == recipe].iloc[0]


def is_judged(table: pd.DataFrame, recipe: str) -> bool:
    """Return whether a recipe has candidates that are judged."""
    options = options_of(table, recipe)
    return "recipe" in options and options.get("judge", True)


def places_text(runs: pd.DataFrame) -> str:
    """Name the datasets, models and sizes of runs."""
    places = runs.drop_duplicates(PLACE).groupby(MODEL, sort=False)["size"].agg(", ".join)
    return "; ".join(f"{dataset} {model} N={sizes}" for (dataset, model), sizes in places.items())


def seeds_text(seeds: Iterable[Any]) -> str:
    """List values once, in order."""
    return ", ".join(map(str, sorted(set(seeds))))


@dataclass(frozen=True)
class Comparison:
    """Two recipes on the runs that both have: by level the difference, and the runs of the first one."""

    differences: dict[str, Difference]
    runs: pd.DataFrame


def compare(
    ours: pd.DataFrame, theirs: pd.DataFrame, resamples: int, levels: Sequence[str] = LEVELS
) -> Comparison | None:
    """Compare runs that have the same dataset, model, size and seed.

    Args:
        ours (`pd.DataFrame`): Rows of the table, of one recipe.
        theirs (`pd.DataFrame`): Rows of another recipe.
        resamples (`int`): Bootstrap resamples of the intervals.
        levels (`Sequence[str]`, *optional*): Defaults to all levels.

    Returns:
        `Comparison` or `None`: `None` if no run has a counterpart.
    """
    pairs = ours.merge(theirs[[*RUN, "counts"]], on=RUN, suffixes=("", "_theirs"))
    if pairs.empty:
        return None
    differences = {}
    for level in levels:
        strata = [
            Stratum(
                str(dataset),
                tuple(part.seed.tolist()),
                *(np.stack([counts[level] for counts in part[side]]) for side in ("counts", "counts_theirs")),
            )
            for (dataset, *_), part in pairs.groupby(PLACE, sort=False)
        ]
        differences[level] = difference(strata, resamples)
    return Comparison(differences, pairs)


def left_out(ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Name the runs of two recipes that only one of them has."""
    found: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for _, place in pd.concat([ours, theirs]).sort_index().groupby(PLACE, sort=False):
        names = (ours.recipe.iloc[0], theirs.recipe.iloc[0])
        own, other = (set(place.seed[place.recipe == name]) for name in names)
        for name, absent in zip(names, (other - own, own - other)):
            if absent:
                found.setdefault((name, seeds_text(absent)), []).append(place)
    parts = (f"{name} on {places_text(pd.concat(of))}: seed {seeds}" for (name, seeds), of in found.items())
    return "; ".join(parts)


def dev_gains(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gains in strict F1 over NoAug on dev of the recipes that can be compared by them.

    These are the recipes with at least half as many runs as the one with most, and of these only the runs that all
    have.

    Args:
        table (`pd.DataFrame`): All results.

    Returns:
        `pd.DataFrame`: Rows of the table, with a column `gain`.
    """
    noaug = table.noaug
    runs = table[~noaug]
    runs = runs.merge(table.loc[noaug, [*RUN, "dev"]], on=RUN, suffixes=("", "_noaug"))
    runs["gain"] = (runs.dev - runs.dev_noaug).astype(float)
    times = runs.recipe.value_counts()
    often = times.index[2 * times >= times.max()]
    runs = runs[runs.recipe.isin(often)]
    return runs[runs.groupby(RUN)["gain"].transform("size") == len(often)]


def best_recipe(table: pd.DataFrame) -> str | None:
    """Return the recipe with the highest mean gain in strict F1 over NoAug on dev; test scores are not used.

    As in `difference`, the mean is over seeds and then over datasets, models and sizes.

    Args:
        table (`pd.DataFrame`): All results.

    Returns:
        `str` or `None`: The first of equals; `None` if there is nothing to compare.
    """
    gains = dev_gains(table)
    if gains.empty:
        return None
    return str(gains.groupby(GROUP)["gain"].mean().groupby("recipe").mean().idxmax())


def missing(table: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that are missing: for each dataset and model, every size with every recipe and seed.

    Args:
        table (`pd.DataFrame`): All results.

    Returns:
        `pd.DataFrame`: `dataset`, `model`, `size`, `recipe`, and `seeds` as text.
    """
    rows = []
    for names, own in table.groupby(MODEL, sort=False):
        seeds = sorted(own.seed.unique())
        for size in own["size"].unique():
            for recipe in own.recipe.unique():
                done = set(own.seed[(own["size"] == size) & (own.recipe == recipe)])
                if absent := [seed for seed in seeds if seed not in done]:
                    rows.append([*names, size, recipe, seeds_text(absent)])
    return pd.DataFrame(rows, columns=[*GROUP, "seeds"])
