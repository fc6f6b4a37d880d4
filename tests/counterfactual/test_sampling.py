"""Draws from a seed and ids: the same for every batch, and uniform."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from hf_cfgen.counterfactual.sampling import row_keys, sample_budget, sample_paper, sample_varied, shuffled
from hf_cfgen.utils.hashing import derive_keys

KEYS = row_keys(1, map(str, range(24_000)))


def test_derived_keys_are_the_outputs_of_splitmix64():
    # the first five from the state 1234567, as published with several implementations of it
    assert derive_keys(np.array([1234567], dtype=np.uint64), np.arange(5)).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_row_has_its_key_whatever_the_others_and_another_one_for_another_seed():
    assert row_keys(1, ["7"]).tolist() == [KEYS[7]]
    assert row_keys(2, ["7"]).tolist() != [KEYS[7]]
    assert row_keys(1, []).shape == (0,)
    assert len(set(KEYS.tolist())) == len(KEYS)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        *((count, [1, 2, 3, 6, 21, 500, 2**32 - 1]) for count in (1, 2, 6, 21)),
        # whole orders
        *((count, [1, 2, 3, 6, 21]) for count in (21, 22)),
    ],
)
def test_orders_are_those_of_a_plain_shuffle(count, sizes):
    sizes = np.random.default_rng(0).choice(sizes, 300)
    orders = shuffled(KEYS[:300], sizes, count)
    for key, size, order in zip(KEYS[:300], sizes.tolist(), orders.tolist()):
        places: dict[int, int] = {}
        expected = []
        for step in range(min(count, size)):
            word = int(derive_keys(np.array([key]), step)[0]) >> 32
            drawn = step + (word * (size - step) >> 32)
            expected.append(places.get(drawn, drawn))
            places[drawn] = places.get(step, step)
        assert order == expected + [-1] * (count - len(expected))
        assert len(set(expected)) == len(expected) and min(expected) >= 0 and max(expected) < size


@pytest.mark.parametrize("size", [2, 3, 4])
def test_every_order_is_as_likely(size):
    orders = Counter(map(tuple, shuffled(KEYS, np.full(len(KEYS), size), size).tolist()))
    assert len(orders) == {2: 2, 3: 6, 4: 24}[size]
    assert chisquare(list(orders.values())).pvalue > 0.01


def test_the_second_of_many_is_as_likely_to_be_any_other():
    first, second = shuffled(KEYS, np.full(len(KEYS), 50), 2).T
    assert chisquare(np.bincount(second, minlength=50)).pvalue > 0.01
    assert chisquare(np.bincount((second - first) % 50, minlength=50)[1:]).pvalue > 0.01


@pytest.mark.parametrize("count", [6, 21])
def test_a_row_of_many_mentions_costs_the_others_nothing(monkeypatch, count):
    sizes = []

    def counted(keys: np.ndarray, *options: Any) -> np.ndarray:
        orders = shuffled(keys, *options)
        sizes.append(orders.size)
        return orders

    monkeypatch.setattr("hf_cfgen.counterfactual.sampling.shuffled", counted)
    rows = np.repeat(np.arange(300), [1000, *[count] * 299])
    forms, none = np.full(len(rows), 9), np.full(len(rows), -1)
    _, mentions, _ = sample_paper(KEYS[:300], rows, none, forms)
    sample_budget(5, KEYS[:300], rows, np.zeros(len(rows), dtype=np.int64), none, forms)
    assert len(set(mentions.tolist())) == 300
    # of each row an order of its mentions, twice, and one of the six first forms of its type
    assert sizes == [299 * count, 1000, 299 * count, 1000, 300 * 6]


def test_no_row_and_no_draw_give_empty_orders():
    assert shuffled(KEYS[:0], np.array([]), 3).shape == (0, 3)
    assert shuffled(KEYS[:2], np.array([1, 5]), 0).shape == (2, 0)


def test_half_of_the_varied_candidates_replace_seven_of_ten_mentions_and_never_none():
    rows = np.repeat(np.arange(2000), 4)
    types, own, sizes = np.zeros(8000, dtype=np.int64), np.tile([0, 1, -1, 2], 2000), np.full(8000, 6)
    drawn = sample_varied(5, KEYS[:2000], rows, types, own, sizes)
    assert (np.diff(drawn.candidate) >= 0).all() and len(np.unique(drawn.candidate)) == 5 * 2000
    of = np.bincount(drawn.candidate).reshape(2000, 5)
    assert (of[:, :3] == 1).all()
    # with 4 mentions: 0.7 each, and one of them in the 0.3 ** 4 of the draws that have none
    shares = np.bincount(of[:, 3:].ravel(), minlength=5) / 4000
    expected = [0, 4 * 0.7 * 0.3**3 + 0.3**4, 6 * 0.49 * 0.09, 4 * 0.343 * 0.3, 0.7**4]
    assert np.abs(shares - expected).max() < 0.025
    assert (drawn.form != own[drawn.mention]).all()
    many = np.isin(drawn.candidate % 5, (3, 4))
    for mention, forms in ((0, 5), (2, 6)):  # the third has a text that is not among the forms
        found = np.bincount(drawn.form[many & (drawn.mention % 4 == mention)], minlength=6)
        assert (found > 0).sum() == forms and chisquare(found[found > 0]).pvalue > 0.01


def test_what_is_varied_in_a_row_does_not_depend_on_the_others():
    rows, own, sizes = np.array([0, 0, 1, 2, 2, 2]), np.arange(6) % 2, np.full(6, 9)
    types = np.array([0, 1, 0, 1, 1, 0])
    together = sample_varied(7, KEYS[:3], rows, types, own, sizes)
    for row in range(3):
        at = np.flatnonzero(rows == row)
        alone = sample_varied(7, KEYS[row : row + 1], rows[at] * 0, types[at], own[at], sizes[at])
        part = np.isin(together.mention, at)
        assert (at[alone.mention] == together.mention[part]).all() and (alone.form == together.form[part]).all()
        assert (np.diff(alone.candidate) == np.diff(together.candidate[part])).all()
    nothing = sample_varied(7, KEYS[:3], *np.empty((4, 0), dtype=np.int64))
    assert [column.shape for column in nothing] == [(0,)] * 3
