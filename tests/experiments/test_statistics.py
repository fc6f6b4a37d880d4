"""Differences paired by seed: worked by hand, and by a slow reference of its own."""

import math
import zlib

import numpy as np
import pytest
import scipy.stats

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


def test_one_seed_has_neither_a_standard_error_nor_an_interval():
    assert difference([stratum([[2, 0]], [[1, 0]])]) == Difference(0.25, None, None, 1, 1, 0, 0)


def test_an_interval_over_two_seeds_has_the_quantile_of_one_degree_of_freedom():
    # differences 0.5 and -0.5 on one sentence: standard error 0.5, and the quantile of t with 1 degree is 12.706
    found = difference([stratum([[2], [0]], [[1], [1]])])
    assert found.interval == pytest.approx((-6.353, 6.353), abs=1e-3)
    assert (found.seeds, found.significant) == (2, False)


def test_the_sentences_alone_decide_the_interval_if_all_seeds_are_equal():
    # the mean of 2 sentences of 1 and 0 that are drawn with replacement has the variance 1 / 8, for every seed
    found = difference([stratum([[2, 0]] * 5, [[0, 0]] * 5)], resamples=20_000)
    assert (found.mean, found.error) == (0.5, 0.0)
    half = 1.96 * math.sqrt(1 / 8)
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half), abs=0.01)
    assert not found.significant
    same = difference([stratum([[2, 2]] * 5, [[1, 1]] * 5)])
    assert same.interval == (0.5, 0.5) and same.significant


def test_nothing_is_significant_or_has_an_interval_in_print_below_five_seeds():
    for seeds in (4, 5):
        found = difference([stratum([[2, 2]] * seeds, [[1, 1]] * seeds)])
        assert found.significant == (seeds == 5)
        assert str(found) == "+50.0 ± 0.0 " + ("[+50.0, +50.0] 5/0/0" if seeds == 5 else "(4 seeds) 4/0/0")


@pytest.mark.parametrize(
    ("of_seed", "of_sentence", "of_both"), [(0.03, 0.0, 0.0), (0.0, 0.3, 0.0), (0.02, 0.2, 0.2), (0.0, 0.0, 0.0)]
)
def test_the_interval_over_five_seeds_covers_the_true_difference_in_95_of_100_cases(of_seed, of_sentence, of_both):
    # P(hit) of a sentence is its own, plus for one recipe: 0.05, an effect of the seed, of the sentence, and of both
    generator = np.random.default_rng(7)
    seeds, sentences, times = 5, 200, 1000
    covered = 0
    for _ in range(times):
        base = generator.uniform(0.3, 0.5, sentences) + generator.normal(0, 0.02, (seeds, 1))
        effect = generator.normal(0.05, of_seed, (seeds, 1)) + generator.normal(0, of_sentence, sentences)
        effect = effect + generator.normal(0, of_both, (seeds, sentences))
        sides = [generator.random((seeds, sentences)) < chance for chance in (base + effect, base)]
        ours, theirs = (np.stack([side, np.ones_like(side), np.ones_like(side)], axis=-1) for side in sides)
        low, high = difference([Stratum("a", (1, 2, 3, 4, 5), ours, theirs)], resamples=200).interval
        covered += low <= 0.05 <= high
    assert 0.93 <= covered / times <= 0.97


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
    assert (found.mean, found.error, found.interval, found.seeds) == (0.25, None, None, 1)


def test_strata_of_one_data_set_share_their_draws():
    one = stratum([[2, 0], [1, 2], [0, 1]], [[0, 1], [1, 0], [2, 0]])
    assert difference([one, one]).interval == pytest.approx(difference([one]).interval)
    other = Stratum("b", one.seeds, one.ours, one.theirs)
    low, high = difference([one, other]).interval
    assert difference([one]).interval[0] < low < high < difference([one]).interval[1]


def variance(values: list[float]) -> float:
    return sum((value - sum(values) / len(values)) ** 2 for value in values) / (len(values) - 1)


def slow(strata: list[Stratum], resamples: int, seed: int) -> tuple[float, float]:
    """The interval in plain Python, for strata whose seeds are the same within a dataset."""

    def f1(rows: list[list[int]]) -> float:
        hits, predicted, gold = (sum(row[place] for row in rows) for place in range(3))
        return 2 * hits / (predicted + gold) if predicted + gold else 0.0

    def gain(one: Stratum, s: int, sentences: list[int]) -> float:
        return f1([one.ours[s][j].tolist() for j in sentences]) - f1([one.theirs[s][j].tolist() for j in sentences])

    total, of_seeds, squares = 0.0, 0.0, 0.0
    mean = sum(
        sum(gain(one, s, list(range(one.ours.shape[1]))) for s in range(len(one.seeds))) / len(one.seeds)
        for one in strata
    ) / len(strata)
    for data in {one.data: 0 for one in strata}:
        group = [one for one in strata if one.data == data]
        n, size = len(group[0].seeds), group[0].ours.shape[1]
        whole = [sum(gain(one, s, list(range(size))) for one in group) / len(strata) for s in range(n)]
        error = variance(whole) / n
        of_seeds, squares = of_seeds + error, squares + error**2 / (n - 1)
        generator = np.random.default_rng([seed, zlib.crc32(data.encode())])
        drawn = generator.integers(0, size, (resamples, size)).tolist()
        single = [[sum(gain(one, s, rows) for one in group) / len(strata) for rows in drawn] for s in range(n)]
        together = variance([sum(column) / n for column in zip(*single)])
        total += together - max(0.0, sum(map(variance, single)) / n - together) / (n - 1)
    total = max(total + of_seeds, of_seeds)
    half = scipy.stats.t.ppf(0.975, total**2 / squares) * math.sqrt(total)
    return mean - half, mean + half


def test_intervals_are_those_of_a_slow_reference():
    generator = np.random.default_rng(7)

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
