"""Which tagger of a run is recommended."""

import numpy as np
import pytest

from hf_cfgen.evaluation.recommendation import recommend
from hf_cfgen.tagging.scoring import interval

GOLD = [["B-A", "O"]] * 20


def predictions(hits: int, gold: list[list[str]] = GOLD) -> list[list[str]]:
    """Predictions with this number of hits and no false alarm."""
    return [tags if row < hits else ["O"] * len(tags) for row, tags in enumerate(gold)]


def test_the_best_tagger_is_recommended_if_the_interval_excludes_0():
    found = recommend(
        GOLD, {"NoAug": predictions(8), "Control": predictions(18), "Aug": predictions(12)}, "NoAug", "Aug"
    )
    assert (found.tagger, found.basis, found.other) == ("Control", "difference", "NoAug")
    assert found.f1 == {"NoAug": 16 / 28, "Control": 36 / 38, "Aug": 24 / 32}
    assert found.difference == pytest.approx(36 / 38 - 16 / 28)
    assert (found.sentences, found.mentions) == (20, 20)


def test_noaug_is_recommended_against_the_default_if_it_is_better():
    found = recommend(
        GOLD, {"NoAug": predictions(18), "Control": predictions(17), "Aug": predictions(8)}, "NoAug", "Aug"
    )
    assert (found.tagger, found.basis, found.other) == ("NoAug", "difference", "Aug")
    assert found.difference_interval[0] > 0


@pytest.mark.parametrize("hits", [(10, 9, 9), (9, 10, 9), (9, 9, 10), (9, 9, 9)])
def test_the_default_is_named_if_chance_can_explain_the_difference(hits):
    def of(number: int) -> list[list[str]]:
        return (
            [["B-A", "O"] if row % 20 < number else ["O", "O"] for row in range(20)][::-1]
            if number == 10
            else (predictions(number))
        )

    noaug, control, aug = map(of, hits)
    found = recommend(GOLD, {"NoAug": noaug, "Control": control, "Aug": aug}, "NoAug", "Aug")
    assert (found.tagger, found.basis, found.other) == ("Aug", "default", "NoAug")
    assert found.difference == found.f1["Aug"] - found.f1["NoAug"]
    assert found.difference_interval[0] <= found.difference <= found.difference_interval[1]


def test_nothing_is_recommended_below_a_tenth():
    for hits, tagger in ((1, None), (2, "Aug")):  # F1 of 2 / 21 and 4 / 22
        found = recommend(GOLD, {"NoAug": predictions(0), "Aug": predictions(hits)}, "NoAug", "Aug")
        assert found.tagger == tagger
        assert (found.basis == "unusable") == (tagger is None)


def test_the_intervals_are_paired_by_sentence():
    generator = np.random.default_rng(5)
    gold = [["B-A"]] * 60
    noaug = [["B-A"] if generator.random() < 0.5 else ["O"] for _ in gold]
    aug = [["B-A"] if tags == ["B-A"] or generator.random() < 0.1 else ["O"] for tags in noaug]
    found = recommend(gold, {"NoAug": noaug, "Aug": aug}, "NoAug", "Aug")
    drawn = np.random.default_rng(0)
    hits = {name: np.array([tags == ["B-A"] for tags in rows]) for name, rows in (("NoAug", noaug), ("Aug", aug))}
    differences = []
    for _ in range(1000):
        rows = drawn.integers(0, 60, 60)
        shares = {name: values[rows].mean() for name, values in hits.items()}
        f1 = {name: 2 * share / (share + 1) for name, share in shares.items()}
        differences.append(f1["Aug"] - f1["NoAug"])
    assert found.difference_interval == pytest.approx(interval(np.array(differences)))
