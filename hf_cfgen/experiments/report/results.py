"""The results of cells: read, checked, grouped, and which are missing."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import CfgenError
from ...tagging.scoring import LEVELS
from ..results import COUNTED
from ..results import read_results as read_files

EFFECTS = ("f1", "ace_c", "ace_e", "ri")

SECONDS = ("generate", "judge", "train", "evaluate")


class Group(NamedTuple):
    """Cells that differ in their seed alone; `n` is `None` for the full train split."""

    dataset: str
    model: str
    n: int | None
    recipe: str


Results = dict[Group, dict[int, dict[str, Any]]]


def read_results(folder: Path) -> Results:
    """Read the results of all cells.

    Args:
        folder (`Path`): See `hf_cfgen.experiments.results.read_results`.

    Returns:
        `dict[Group, dict[int, dict]]`: For each group in the order of tables its results by seed.

    Raises:
        CfgenError: There is none, a file is no result, or two files contradict each other.

    Example:

    >>> read_results(Path("no-such-folder"))
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: no-such-folder holds no result: give the output folder of hf-cfgen reproduce
    """
    results: Results = {}
    read_from: dict[tuple[Group, int], Path] = {}
    for file, found in read_files(folder).items():
        for result in found:
            group, seed = Group(result.dataset, result.model, result.n, result.recipe), result.seed
            if (group, seed) in read_from:
                raise CfgenError(f"{file}: {result.name}, which {read_from[group, seed].name} has: delete one of them")
            read_from[group, seed] = file
            results.setdefault(group, {})[seed] = result.to_dict()
    _check_alike(results, read_from)
    return {group: dict(sorted(results[group].items())) for group in sorted(results, key=lambda g: _order(results, g))}


def config_of(results: Results, group: Group) -> dict[str, Any]:
    """The configuration that all cells of a group have."""
    return next(iter(results[group].values()))["config"]


def is_noaug(results: Results, group: Group) -> bool:
    """Whether the taggers of a group were trained on the observational examples, without anything else."""
    return not config_of(results, group)["recipe"]


def among(results: Results, recipe: str) -> dict[str, dict[str, Any]]:
    """The recipes of which one takes the best on dev, with their options; empty where it is no such choice."""
    return dict(options_of(results, recipe).get("among", {}))


def options_of(results: Results, recipe: str) -> dict[str, Any]:
    """The options of a recipe, which are the same in all groups."""
    options = config_of(results, next(group for group in results if group.recipe == recipe))["recipe"]
    return dict(options)


def noaug(results: Results, group: Group) -> Group | None:
    """The group of the NoAug taggers of the same data set, model and size.

    Args:
        results (`Results`): All results.
        group (`Group`): A group.

    Returns:
        `Group` or `None`: The group; `None` where there is none.
    """
    return next((other for other in results if other[:3] == group[:3] and is_noaug(results, other)), None)


def recipes(results: Results) -> list[str]:
    """The names of the recipes other than NoAug, in the order of tables."""
    names = (group.recipe for group in results if not is_noaug(results, group))
    return sorted(dict.fromkeys(names), key=recipe_order)


def counts_of(results: Results, group: Group, seeds: Sequence[int], level: str) -> np.ndarray:
    """Hits, predictions and gold items of every test sentence.

    Args:
        results (`Results`): All results.
        group (`Group`): A group.
        seeds (`Sequence[int]`): Seeds that it has.
        level (`str`): One of `LEVELS`.

    Returns:
        `np.ndarray` of shape (seeds, sentences, 3): The counts.
    """
    sentences = (results[group][seed]["sentences"][level] for seed in seeds)
    return np.array([[of_level[name] for name in COUNTED] for of_level in sentences]).transpose(0, 2, 1)


def missing(results: Results) -> list[tuple[Group, list[int]]]:
    """The cells that lack of each data set with a model: all of its sizes, recipes and seeds, each with each.

    Args:
        results (`Results`): All results.

    Returns:
        `list[tuple[Group, list[int]]]`: Groups, each with the seeds that it lacks.

    Example:

    >>> missing({Group("d", "m", 9, "none"): {1: {}, 2: {}}, Group("d", "m", 9, "budget"): {1: {}}})
    [(Group(dataset='d', model='m', n=9, recipe='budget'), [2])]
    """
    lacking = []
    for dataset, model in dict.fromkeys(group[:2] for group in results):
        own = {group: seeds for group, seeds in results.items() if group[:2] == (dataset, model)}
        all_seeds = sorted({seed for seeds in own.values() for seed in seeds})
        sizes, names = (dict.fromkeys(group.n for group in own), dict.fromkeys(group.recipe for group in own))
        for n, recipe in product(sizes, names):
            group = Group(dataset, model, n, recipe)
            if absent := [seed for seed in all_seeds if seed not in own.get(group, {})]:
                lacking.append((group, absent))
    return lacking


def _order(results: Results, group: Group) -> tuple[Any, ...]:
    size = (group.n is None, group.n or 0)
    return group.dataset, group.model, *size, not is_noaug(results, group), recipe_order(group.recipe)


def recipe_order(name: str) -> tuple[int, str]:
    """A recipe alone before it with something added."""
    return name.count("+"), name


def _check_alike(results: Results, read_from: Mapping[tuple[Group, int], Path]) -> None:
    """Check that what shares a name has one configuration, and one data set the same test sentences."""
    first: dict[Any, tuple[Any, Path]] = {}
    for group, by_seed in results.items():
        for seed, result in by_seed.items():
            config = {part: value for part, value in result["config"].items() if part != "recipe"}
            gold = {level: result["sentences"][level]["gold"] for level in LEVELS}
            for what, key, value in (
                ("options of data set, model or training", group[:2], config),
                ("options of the recipe", group.recipe, result["config"]["recipe"]),
                ("test sentences", group.dataset, gold),
            ):
                file = read_from[group, seed]
                expected, other = first.setdefault((what, key), (value, file))
                if value != expected:
                    raise CfgenError(f"{file}: other {what} than {other.name}: keep the results of one of them")
