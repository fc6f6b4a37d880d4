"""Means over seeds, and differences of F1 paired by seed, with intervals over seeds and test sentences."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import mean, stdev

import numpy as np

from ..errors import CfgenError
from ..tagging.scoring import f1, interval


def mean_and_error(values: Iterable[float]) -> tuple[float, float]:
    """Return the mean and its standard error, s / sqrt(n) with the sample's standard deviation s.

    Args:
        values (`Iterable[float]`): At least 2 values.

    Returns:
        `tuple[float, float]`: Mean and standard error.

    Example:

    >>> mean_and_error([1.0, 2.0, 3.0, 6.0])[0], round(mean_and_error([1.0, 2.0, 3.0, 6.0])[1], 4)
    (3.0, 1.0801)
    """
    values = list(values)
    return mean(values), stdev(values) / len(values) ** 0.5


def over_seeds(values: Iterable[float], percent: bool = True, signed: bool = False) -> str:
    """Format the mean over seeds ± its standard error, or the value alone if there is one seed.

    Args:
        values (`Iterable[float]`): One fraction per seed.
        percent (`bool`, *optional*, defaults to `True`): Whether to show them in percent.
        signed (`bool`, *optional*, defaults to `False`): Whether to show a plus sign.

    Returns:
        `str`: The text.

    Example:

    >>> over_seeds([0.1, 0.2]), over_seeds([0.1], signed=True), over_seeds([0.1, 0.2], percent=False)
    ('15.0 ± 5.0', '+10.0', '0.15 ± 0.05')
    """
    scaled = [100 * value if percent else value for value in values]
    form = ".1f" if percent else ".2f"
    average, error = mean_and_error(scaled) if len(scaled) > 1 else (scaled[0], None)
    return f"{average:{'+z' if signed else ''}{form}}" + ("" if error is None else f" ± {error:{form}}")


@dataclass(frozen=True)
class Stratum:
    """Two recipes on one dataset, with one number of train examples and the same seeds.

    Args:
        data (`str`): The name of the dataset. All strata of a dataset have the same test sentences.
        seeds (`tuple[int, ...]`): The seeds.
        ours (`np.ndarray` of shape (seeds, sentences, 3)): Hits, predictions and gold items of one recipe.
        theirs (`np.ndarray` of shape (seeds, sentences, 3)): The same of the other recipe.

    Raises:
        CfgenError: The recipes differ in seeds or sentences, or there are none.
    """

    data: str
    seeds: tuple[int, ...]
    ours: np.ndarray
    theirs: np.ndarray

    def __post_init__(self) -> None:
        if self.ours.shape != self.theirs.shape or len(self.ours) != len(self.seeds):
            raise CfgenError(
                f"{self.data}: counts of the shapes {self.ours.shape} and {self.theirs.shape} for {len(self.seeds)} "
                "seeds: compare equal seeds and sentences"
            )
        if 0 in self.ours.shape:
            raise CfgenError(f"{self.data}: no seed or no sentence: there is nothing to compare")


@dataclass(frozen=True)
class Difference:
    """A mean difference of F1, from -1 to 1, and the numbers of pairs of runs that were won, tied and lost.

    `error` is the standard error over seeds, or `None` if a stratum has one seed. `interval` is the 95 % interval.
    """

    mean: float
    error: float | None
    interval: list[float]
    wins: int
    ties: int
    losses: int

    @property
    def significant(self) -> bool:
        """Whether the interval excludes 0."""
        return self.interval[0] > 0 or self.interval[1] < 0

    def __str__(self) -> str:
        """In percent: mean ± standard error, interval, and wins, ties and losses.

        Example:

        >>> print(Difference(0.019, 0.004, [0.011, 0.027], 5, 0, 1))
        +1.9 ± 0.4 [+1.1, +2.7] 5/0/1
        """
        error = "" if self.error is None else f" ± {100 * self.error:.1f}"
        low, high = (100 * end for end in self.interval)
        return f"{100 * self.mean:+z.1f}{error} [{low:+z.1f}, {high:+z.1f}] {self.wins}/{self.ties}/{self.losses}"


def difference(strata: Sequence[Stratum], resamples: int = 1000, seed: int = 0) -> Difference:
    """Compute the mean difference of micro F1 between two recipes, over seeds and then over strata.

    With d(h, s) = F1(ours) - F1(theirs) in stratum h at seed s, n(h) seeds and H strata, the mean is
    1/H sum_h 1/n(h) sum_s d(h, s).

    Standard error: strata of one dataset with the same seeds have nested train samples, so their differences are
    averaged within each seed first; the error is s / sqrt(n) of these averages over seeds. Datasets are independent,
    and so are strata of one dataset with different seeds. The errors e(g) of groups g with a share w(g) of the strata
    give sqrt(sum_g w(g)^2 e(g)^2) (Cochran 1977, Sampling Techniques, chapter 5).

    Interval: percentile bootstrap. Seeds and test sentences are drawn with replacement, the same for both recipes
    (paired, Koehn 2004). All seeds are tested on the same sentences, so the two are crossed, not nested: a resample
    has one draw of seeds and one draw of sentences that holds for every seed (Owen 2007, The pigeonhole bootstrap).
    Drawing sentences anew for each seed would average away what all seeds have in common, and make the interval too
    narrow. For the same reason, strata of one dataset share the draw of sentences and, if their seeds are the same,
    the draw of seeds.

    Args:
        strata (`Sequence[Stratum]`): At least one.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples.
        seed (`int`, *optional*, defaults to 0): The seed of the resamples.

    Returns:
        `Difference`: Ours minus theirs.

    Raises:
        CfgenError: There are no strata.

    Example:

    >>> ours, theirs = np.array([[[1, 1, 1]], [[1, 1, 1]]]), np.array([[[0, 0, 1]], [[1, 1, 1]]])
    >>> difference([Stratum("demo", (1, 2), ours, theirs)])
    Difference(mean=0.5, error=0.5, interval=[0.0, 1.0], wins=1, ties=1, losses=0)
    """
    if not strata:
        raise CfgenError("no stratum: there is nothing to compare")
    by_seed = [f1(stratum.ours.sum(axis=1)) - f1(stratum.theirs.sum(axis=1)) for stratum in strata]
    samples = np.mean([_resampled(stratum, resamples, seed) for stratum in strata], axis=0)
    values = np.concatenate(by_seed)
    return Difference(
        mean=float(np.mean([gains.mean() for gains in by_seed])),
        error=_error(strata, by_seed),
        interval=list(interval(samples)),
        wins=int((values > 0).sum()),
        ties=int((values == 0).sum()),
        losses=int((values < 0).sum()),
    )


def _error(strata: Sequence[Stratum], by_seed: Sequence[np.ndarray]) -> float | None:
    groups: dict[tuple[str, tuple[int, ...]], list[np.ndarray]] = {}
    for stratum, gains in zip(strata, by_seed):
        groups.setdefault((stratum.data, stratum.seeds), []).append(gains)
    if any(len(seeds) < 2 for _, seeds in groups):
        return None
    errors = [mean_and_error(np.mean(gains, axis=0).tolist())[1] for gains in groups.values()]
    parts = [len(gains) / len(strata) * error for gains, error in zip(groups.values(), errors)]
    return float(np.hypot.reduce(parts))


def _resampled(stratum: Stratum, resamples: int, seed: int) -> np.ndarray:
    """The mean difference of one stratum in every resample."""
    seed_weights = _weights(f"{stratum.data} {stratum.seeds}", len(stratum.seeds), resamples, seed)
    ours, theirs = (
        np.stack([_resampled_f1(stratum.data, one.astype(float).tobytes(), resamples, seed) for one in counts], axis=1)
        for counts in (stratum.ours, stratum.theirs)
    )
    return (seed_weights * (ours - theirs)).sum(axis=1) / len(stratum.seeds)


@lru_cache(maxsize=4096)  # a run is part of many comparisons
def _resampled_f1(data: str, counts: bytes, resamples: int, seed: int) -> np.ndarray:
    """The F1 of one run in every resample of the sentences."""
    values = np.frombuffer(counts).reshape(-1, 3)
    return f1(_weights(data, len(values), resamples, seed) @ values)


@lru_cache(maxsize=16)
def _weights(name: str, size: int, resamples: int, seed: int) -> np.ndarray:
    """How often each item is drawn: (resamples, size), as floats, whose products are fast."""
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    drawn = generator.integers(0, size, (resamples, size))
    return np.stack([np.bincount(row, minlength=size) for row in drawn]).astype(float)
