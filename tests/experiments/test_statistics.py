"""Differences paired by seed: worked by hand, and by a slow reference of its own."""

import math
import zlib

import numpy as np
import pytest

from hf_cfgen import CfgenError
from hf_cfgen.experiments.statistics import Difference, Stratum, difference, mean_and_error

Hits = list[list[int]]


def counts(hits: Hits) -> np.ndarray:
    """Sentences with 2 predictions and 2 gold items each, so that F1 is the share of hits among 2 a sentence."""
    return np.array([[[value, 2, 2] for value in of_seed] for of_seed in hits])


def stratum(ours: Hits, theirs: Hits, data: str = "a", seeds: tuple[int, ...] | None = None) -> Stratum:
    return Stratum(data, seeds or tuple(range(len(ours))), counts(ours), counts(theirs))


def test_a_difference_is_taken_within_a_seed():
    # ours 3/4, 4/4; theirs 2/4, 4/4: differences 0.25 and 0, s = 0.25 / sqrt(2), error 0.25 / 2
    found = difference([stratum([[2, 1], [2, 2]], [[1, 1], [2, 2]])])
    assert (found.mean, found.wins, found.ties, found.losses) == (0.125, 1, 1, 0)
    assert found.error == pytest.approx(0.125, abs=1e-15)


def test_one_seed_has_no_standard_error_and_an_interval_over_sentences():
    # the first sentence twice: 1 - 0.5; one of each: 0.25; the second twice: 0; a quarter, a half and a quarter of all
    assert difference([stratum([[2, 0]], [[1, 0]])]) == Difference(0.25, None, [0.0, 0.5], 1, 0, 0)


def test_an_interval_is_over_seeds_too():
    assert difference([stratum([[2], [0]], [[1], [1]])]).interval == [-0.5, 0.5]
    assert not difference([stratum([[2], [0]], [[1], [1]])]).significant


def test_all_seeds_have_one_draw_of_sentences():
    # the first sentence twice, a quarter of all resamples: 1 for every seed. Were sentences drawn for each of 3 seeds
    # anew, that were 1 resample of 64, less than the 2.5 % beyond the interval
    found = difference([stratum([[2, 0]] * 3, [[0, 0]] * 3)])
    assert (found.mean, found.error, found.interval) == (0.5, 0.0, [0.0, 1.0])


def test_micro_f1_is_of_the_sum_over_sentences():
    # 1 of 1 + 1, and 1 of 3 + 5: 2 * 2 / (4 + 6) - 0, not the mean of F1 over sentences
    ours = np.array([[[1, 1, 1], [1, 3, 5]]])
    assert difference([Stratum("a", (1,), ours, np.zeros_like(ours))]).mean == 0.4


def test_strata_of_one_data_set_are_averaged_within_a_seed_and_others_are_independent():
    first, second = ([[2, 1], [2, 2]], [[1, 1], [2, 2]]), ([[2, 1], [2, 2]], [[1, 1], [1, 1]])
    same = difference([stratum(*first), stratum(*second)])
    # 0.25 and 0; 0.25 and 0.5: 0.25 and 0.25
    assert (same.mean, same.error) == (0.25, 0.0)
    others = difference([stratum(*first), stratum(*second, data="b")])
    assert others.mean == 0.25
    assert others.error == pytest.approx(math.hypot(0.125, 0.125) / 2, abs=1e-15)
    seeds = difference([stratum(*first), stratum(*second, seeds=(7, 8))])
    assert seeds.error == others.error
    assert (same.wins, same.ties, same.losses) == (3, 1, 0)


def test_every_stratum_counts_as_much_as_another():
    # 3 seeds of 0.5, and one of 0
    found = difference([stratum([[1]] * 3, [[0]] * 3), stratum([[1]], [[1]])])
    assert (found.mean, found.error) == (0.25, None)


def test_strata_of_one_data_set_share_their_draws():
    one = stratum([[2, 0], [1, 2], [0, 1]], [[0, 1], [1, 0], [2, 0]])
    assert difference([one, one]).interval == difference([one]).interval
    other = Stratum("b", one.seeds, one.ours, one.theirs)
    low, high = difference([one, other]).interval
    assert difference([one]).interval[0] < low < high < difference([one]).interval[1]


def slow(strata: list[Stratum], resamples: int, seed: int) -> list[float]:
    """The interval, resample by resample, in plain Python."""

    def drawn(name: str, size: int) -> list[list[int]]:
        generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
        return generator.integers(0, size, (resamples, size)).tolist()

    def f1(rows: list[list[int]]) -> float:
        hits, predicted, gold = (sum(row[place] for row in rows) for place in range(3))
        precision, recall = (hits / predicted if predicted else 0.0), (hits / gold if gold else 0.0)
        return 2 * precision * recall / (precision + recall) if hits else 0.0

    values = []
    for i in range(resamples):
        total = 0.0
        for one in strata:
            seeds = drawn(f"{one.data} {one.seeds}", len(one.seeds))[i]
            sentences = drawn(one.data, one.ours.shape[1])[i]
            gains = [
                f1([one.ours[s][j].tolist() for j in sentences]) - f1([one.theirs[s][j].tolist() for j in sentences])
                for s in seeds
            ]
            total += sum(gains) / len(gains)
        values.append(total / len(strata))
    values.sort()

    def percentile(share: float) -> float:
        place = share * (len(values) - 1)
        below = math.floor(place)
        return values[below] + (place - below) * (values[min(below + 1, len(values) - 1)] - values[below])

    return [percentile(0.025), percentile(0.975)]


def test_intervals_are_those_of_a_slow_reference():
    generator = np.random.default_rng(5)

    def some(data: str, seeds: tuple[int, ...], sentences: int) -> Stratum:
        gold = generator.integers(0, 4, (1, sentences)).repeat(len(seeds), axis=0)
        sides = []
        for _ in range(2):
            predicted = generator.integers(0, 4, gold.shape)
            hits = generator.integers(0, np.minimum(gold, predicted) + 1)
            sides.append(np.stack([hits, predicted, gold], axis=-1))
        return Stratum(data, seeds, *sides)

    strata = [some("a", (1, 2, 3), 7), some("a", (1, 2, 3), 7), some("b", (1, 2), 5)]
    found = difference(strata, resamples=60, seed=3)
    assert found.interval == pytest.approx(slow(strata, 60, 3), abs=1e-12)
    assert difference(strata, resamples=60, seed=4).interval != found.interval


def test_unequal_seeds_or_sentences_are_no_pairs():
    with pytest.raises(CfgenError, match=r"a: counts of the shapes .* for 2 seeds: compare equal seeds and sentences"):
        stratum([[1], [1]], [[1]])
    with pytest.raises(CfgenError, match="for 3 seeds"):
        stratum([[1], [1]], [[1], [1]], seeds=(1, 2, 3))
    with pytest.raises(CfgenError, match="no seed or no sentence"):
        stratum([[]], [[]])
    with pytest.raises(CfgenError, match="no stratum"):
        difference([])


def test_mean_and_standard_error():
    assert mean_and_error([0.0, 2.0]) == (1.0, 1.0)
    with pytest.raises(ValueError):
        mean_and_error([1.0])
