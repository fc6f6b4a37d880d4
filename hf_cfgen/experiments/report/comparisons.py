"""Recipes compared on equal seeds, with the names of what a comparison lacks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import mean

from ...tagging.scoring import LEVELS
from ..statistics import Difference, Stratum, difference
from .results import Group, Results, among, counts_of, is_noaug, noaug, recipes

STRICT = LEVELS[0]

Run = tuple[tuple[str, str, int | None], int]  # data set, model and size, and a seed


@dataclass(frozen=True)
class Comparison:
    """Two recipes on the seeds that both have.

    Args:
        difference (`Difference`): Ours less theirs.
        strata (`tuple[Group, ...]`): The groups of ours that it is of.
        runs (`int`): Pairs of runs, over all strata.
        lacking (`tuple[tuple[Group, tuple[int, ...]], ...]`): Groups of either, each with the seeds that only the
            other has.
    """

    difference: Difference
    strata: tuple[Group, ...]
    runs: int
    lacking: tuple[tuple[Group, tuple[int, ...]], ...]


class Comparisons:
    """Comparisons of recipes, each computed once.

    Args:
        results (`Results`): All results.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the intervals.
    """

    def __init__(self, results: Results, resamples: int = 1000) -> None:
        self.results = results
        self._resamples = resamples
        self._cached = cache(self._compare)

    def over_noaug(self, groups: Iterable[Group], level: str = STRICT) -> Comparison | None:
        """Compare groups with the NoAug taggers beside them.

        Args:
            groups (`Iterable[Group]`): Groups, one a stratum; those of NoAug itself are left out.
            level (`str`, *optional*, defaults to `"strict"`): One of `LEVELS`.

        Returns:
            `Comparison` or `None`: `None` where there is no common seed.
        """
        pairs = ((group, noaug(self.results, group)) for group in groups)
        return self._cached(tuple(pair for pair in pairs if pair[1] is not None and pair[1] != pair[0]), level)

    def of_groups(self, ours: Group, theirs: Group, level: str = STRICT) -> Comparison | None:
        """Compare two groups.

        Args:
            ours (`Group`): One.
            theirs (`Group`): The other.
            level (`str`, *optional*, defaults to `"strict"`): One of `LEVELS`.

        Returns:
            `Comparison` or `None`: `None` where there is no common seed.
        """
        return self._cached(((ours, theirs),), level)

    def between(self, ours: str, theirs: str, level: str = STRICT, dataset: str | None = None) -> Comparison | None:
        """Compare two recipes on every data set and model with which both were run.

        Args:
            ours (`str`): The name of a recipe.
            theirs (`str`): That of another.
            level (`str`, *optional*, defaults to `"strict"`): One of `LEVELS`.
            dataset (`str`, *optional*): Only on this data set.

        Returns:
            `Comparison` or `None`: `None` where there is no common seed.
        """
        having = {
            name: {group[:2] for group in self.results if group.recipe == name and dataset in (None, group.dataset)}
            for name in (ours, theirs)
        }
        both = having[ours] & having[theirs]
        places = dict.fromkeys(
            group[:3] for group in self.results if group[:2] in both and group.recipe in (ours, theirs)
        )
        return self._cached(tuple((Group(*place, ours), Group(*place, theirs)) for place in places), level)

    def _compare(self, pairs: Sequence[tuple[Group, Group]], level: str) -> Comparison | None:
        strata, groups, lacking, runs = [], [], [], 0
        for ours, theirs in pairs:
            own, other = self.results.get(ours, {}), self.results.get(theirs, {})
            seeds = tuple(seed for seed in own if seed in other)
            for name, absent in ((ours, other.keys() - own.keys()), (theirs, own.keys() - other.keys())):
                if absent:
                    lacking.append((name, tuple(sorted(absent))))
            if seeds:
                counts = (counts_of(self.results, group, seeds, level) for group in (ours, theirs))
                strata.append(Stratum(ours.dataset, seeds, *counts))
                groups.append(ours)
                runs += len(seeds)
        if not strata:
            return None
        return Comparison(difference(strata, self._resamples), tuple(groups), runs, tuple(lacking))


def best_recipe(results: Results) -> str | None:
    """The recipe with the highest mean gain in strict F1 over NoAug on dev; test scores play no part.

    As in `difference`, the mean is over seeds and then over data sets, models and sizes.

    Args:
        results (`Results`): All results.

    Returns:
        `str` or `None`: Its name, the first of equals; `None` where there is nothing that all have, see `dev_gains`.
    """
    gains, shared = dev_gains(results)

    def average(name: str) -> float:
        by_place: dict[tuple[str, str, int | None], list[float]] = {}
        for run in shared:
            by_place.setdefault(run[0], []).append(gains[name][run])
        return mean(map(mean, by_place.values()))

    return max(gains, key=average) if shared else None


def dev_gains(results: Results) -> tuple[dict[str, dict[Run, float]], list[Run]]:
    """Gains in strict F1 over NoAug on dev, of the recipes that can be compared by them.

    Only recipes with at least half as many results as the one with most are looked at, and only where all of these
    have a result, so that all gains are of the same data sets, models, sizes and seeds. What is chosen on dev in each
    run anew is left out: it is as high on dev as any by that.

    Args:
        results (`Results`): All results.

    Returns:
        `tuple[dict[str, dict[Run, float]], list[Run]]`: The gains of each recipe by run, and the runs that all have.
    """
    gains: dict[str, dict[Run, float]] = {}
    for group, by_seed in results.items():
        reference = noaug(results, group)
        if reference is None or reference == group or among(results, group.recipe):
            continue
        theirs = results[reference]
        gains.setdefault(group.recipe, {}).update(
            {
                (group[:3], seed): ours["dev_strict_f1"] - theirs[seed]["dev_strict_f1"]
                for seed, ours in by_seed.items()
                if seed in theirs
            }
        )
    most = max((len(own) for own in gains.values()), default=0)
    often = {name: gains[name] for name in sorted(gains) if gains[name] and 2 * len(gains[name]) >= most}
    shared = set.intersection(*map(set, often.values())) if often else set()
    return often, [run for run in next(iter(often.values()), ()) if run in shared]


def baselines(results: Results, best: str) -> list[str]:
    """The recipes to compare with: all others, NoAug first."""
    first = [group.recipe for group in results if is_noaug(results, group)]
    return [*dict.fromkeys(first), *(name for name in recipes(results) if name != best)]
