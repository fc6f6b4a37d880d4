"""Bootstrap intervals and causal effects: hand-worked values and an independent recomputation."""

import json
from typing import Any

import numpy as np
import pytest

from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.scoring import (
    LEVELS,
    Counts,
    Effects,
    Score,
    bootstrap_f1,
    causal_scores,
    count,
    interval,
    ner_scores,
)

# Six sentences of one or two words; the model finds some mentions, fewer without the entity
GOLD = [["B-A", "I-A"], ["B-B", "O"], ["O", "B-A"], ["B-A", "B-B"], ["O", "O"], ["B-B"]]
AS_IS = [["B-A", "I-A"], ["B-B", "O"], ["O", "B-B"], ["B-A", "B-B"], ["O", "B-A"], ["O"]]
DO_CONTEXT = [["B-A", "O"], ["B-B", "O"], ["O", "B-A"], ["B-A", "O"], ["O", "O"], ["B-B"]]
NOTHING = Score(0.0, 0.0, 0.0, 0)
DO_ENTITY = [["O", "O"], ["B-B", "O"], ["O", "O"], ["O", "O"], ["O", "B-A"], ["O"]]


def types_of(value: Any) -> set[type]:
    if isinstance(value, dict):
        return set().union(*map(types_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(types_of, value))
    return {type(value)}


# --- bootstrap ------------------------------------------------------------------------------------------------------


def f1_intervals(
    references: list[list[str]], predictions: list[list[str]], resamples: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    scores = causal_scores(references, predictions, predictions, predictions, resamples, seed)
    return {level: scores[level].f1_interval for level in LEVELS}


def resampled(sequences: list[list[str]], rows: np.ndarray) -> list[list[str]]:
    return [sequences[row] for row in rows]


def drawn_rows(resamples: int, seed: int, size: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.integers(0, size, size) for _ in range(resamples)]


def test_the_interval_holds_the_middle_95_percent() -> None:
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
    assert interval(np.arange(1001.0)[::-1]) == (25.0, 975.0)
    assert interval(np.array([0.25])) == (0.25, 0.25)


def test_f1_intervals_are_the_percentiles_of_resampled_sentences_scored_anew() -> None:
    expected = {level: [] for level in LEVELS}
    for rows in drawn_rows(60, seed=5, size=len(GOLD)):
        scores = ner_scores(resampled(GOLD, rows), resampled(AS_IS, rows))
        for level in LEVELS:
            expected[level].append(scores[level].f1)
    got = f1_intervals(GOLD, AS_IS, resamples=60, seed=5)
    assert list(got) == list(LEVELS)
    for level in LEVELS:
        assert got[level] == pytest.approx(tuple(np.percentile(expected[level], [2.5, 97.5])))
        assert got[level][0] < got[level][1]


def test_causal_intervals_are_the_percentiles_of_the_same_resamples_of_all_passes() -> None:
    samples = {(level, label): [] for level in LEVELS for label in ("all", "A", "B")}
    for rows in drawn_rows(130, seed=1, size=len(GOLD)):  # more than are computed at once
        gold = resampled(GOLD, rows)
        passes = [ner_scores(gold, resampled(tags, rows)) for tags in (AS_IS, DO_CONTEXT, DO_ENTITY)]
        for level, label in samples:
            y, y_context, y_entity = (
                scores[level].f1 if label == "all" else scores[level].by_type.get(label, NOTHING).f1
                for scores in passes
            )
            samples[level, label].append([y, y_context - y, y_entity - y, y_context - y_entity])
    scores = causal_scores(GOLD, AS_IS, DO_CONTEXT, DO_ENTITY, resamples=130, seed=1)
    for level, label in samples:
        got = scores[level] if label == "all" else scores[level].by_type[label]
        ends = np.percentile(samples[level, label], [2.5, 97.5], axis=0)
        for name, expected in zip(("f1", "ace_c", "ace_e", "ri"), ends.T.tolist()):
            assert getattr(got, f"{name}_interval") == pytest.approx(tuple(expected))
            # A is found whole by relaxed match under do(c0) and never under do(e0)
            assert expected[0] < expected[1] or (level, label, name) == ("relaxed", "A", "ri")


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    assert f1_intervals(GOLD, AS_IS, 50, seed=0) == f1_intervals(GOLD, AS_IS, 50, seed=0)
    assert f1_intervals(GOLD, AS_IS, 50, seed=0) != f1_intervals(GOLD, AS_IS, 50, seed=1)
    first, again, other = (
        causal_scores(GOLD, AS_IS, DO_CONTEXT, DO_ENTITY, resamples=50, seed=s).strict for s in (0, 0, 1)
    )
    assert first == again
    assert first.ri == other.ri
    assert first.ri_interval != other.ri_interval


def test_the_global_random_state_plays_no_part() -> None:
    np.random.seed(0)
    first = f1_intervals(GOLD, AS_IS, 20)
    np.random.seed(1)
    state = np.random.get_state()[1].tolist()
    assert f1_intervals(GOLD, AS_IS, 20) == first
    assert np.random.get_state()[1].tolist() == state


def test_identical_passes_have_effects_of_exactly_zero_in_every_resample() -> None:
    scores = causal_scores(GOLD, AS_IS, AS_IS, AS_IS, resamples=100)
    for level in LEVELS:
        assert scores[level].f1_interval[0] < scores[level].f1_interval[1]
        for name in ("ace_c", "ace_e", "ri"):
            assert getattr(scores[level], name) == 0.0
            assert getattr(scores[level], f"{name}_interval") == (0.0, 0.0)


def test_bootstrap_gives_one_f1_a_resample_level_and_type_for_each_pass() -> None:
    passes = {"one": count(GOLD, AS_IS), "two": count(GOLD, [["B-C", "O"], *DO_ENTITY[1:]])}
    samples = bootstrap_f1(passes, resamples=7, seed=2)
    assert list(samples) == ["one", "two"]
    assert samples["one"].shape == (7, 3, 1 + 2)
    assert samples["two"].shape == (7, 3, 1 + 3)
    alone = bootstrap_f1({"two": passes["two"]}, resamples=7, seed=2)
    assert alone["two"].tolist() == samples["two"].tolist()


def test_more_resamples_begin_as_fewer_do_and_do_not_repeat() -> None:
    passes = {"one": count(GOLD, AS_IS)}
    many, few = (bootstrap_f1(passes, resamples=number)["one"] for number in (250, 130))
    assert few.tolist() == many[:130].tolist()
    assert many[:100].tolist() != many[100:200].tolist()


def test_one_sentence_has_an_interval_of_one_point() -> None:
    assert f1_intervals([["B-A", "B-A"]], [["B-A", "O"]], 30)["strict"] == pytest.approx((2 / 3, 2 / 3))


def test_no_sentences_score_zero() -> None:
    assert f1_intervals([], [], 10) == dict.fromkeys(LEVELS, (0.0, 0.0))
    assert causal_scores([], [], [], [], resamples=10).strict.ri == 0.0


def test_passes_over_different_sentences_are_refused() -> None:
    with pytest.raises(CfgenError, match=r"different numbers of sentences: \[5, 6\]"):
        bootstrap_f1({"one": count(GOLD, AS_IS), "two": count(GOLD[:5], AS_IS[:5])})


# --- causal effects -------------------------------------------------------------------------------------------------


def test_causal_scores_worked_by_hand() -> None:
    # strict, 6 gold mentions: as they are 4 hits of 6 predicted; do(c0) 4 of 5; do(e0) 1 of 2
    # relaxed: 4 of 6; 5 of 5; 1 of 2        token, 7 gold words: 5 of 7; 5 of 5; 1 of 2
    expected = {
        "strict": (8 / 12, 8 / 11, 2 / 8),
        "relaxed": (8 / 12, 10 / 11, 2 / 8),
        "token": (10 / 14, 10 / 12, 2 / 9),
    }
    scores = causal_scores(GOLD, AS_IS, DO_CONTEXT, DO_ENTITY, resamples=10)
    assert list(scores.to_dict()) == list(LEVELS)
    for level, (y, y_context, y_entity) in expected.items():
        assert points_of(scores[level]) == effects_of(y, y_context, y_entity)


def points_of(effects: Effects) -> dict[str, Any]:
    values = effects.to_dict().items()
    return {name: value for name, value in values if not name.endswith("_interval") and name != "by_type"}


def effects_of(y: float, y_context: float, y_entity: float) -> dict[str, Any]:
    return {
        "f1": pytest.approx(y),
        "f1_do_context": pytest.approx(y_context),
        "f1_do_entity": pytest.approx(y_entity),
        "ace_c": pytest.approx(y_context - y),
        "ace_e": pytest.approx(y_entity - y),
        "ri": pytest.approx(y_context - y_entity),
    }


def test_causal_scores_by_type_worked_by_hand() -> None:
    # A, strict, 3 gold mentions: as they are 2 hits of 3 predicted; do(c0) 2 of 3; do(e0) 0 of 1
    #    relaxed: do(c0) 3 of 3       token, 4 gold words: 3 of 4; 3 of 3; 0 of 1
    # B, 3 gold mentions of a word: 2 of 3; 2 of 2; 1 of 1
    expected = {
        "strict": {"A": (3, 4 / 6, 4 / 6, 0.0), "B": (3, 4 / 6, 4 / 5, 2 / 4)},
        "relaxed": {"A": (3, 4 / 6, 6 / 6, 0.0), "B": (3, 4 / 6, 4 / 5, 2 / 4)},
        "token": {"A": (4, 6 / 8, 6 / 7, 0.0), "B": (3, 4 / 6, 4 / 5, 2 / 4)},
    }
    scores = causal_scores(GOLD, AS_IS, DO_CONTEXT, DO_ENTITY, resamples=10)
    for level, types in expected.items():
        assert list(scores[level].by_type) == ["A", "B"]
        for label, (support, *f1s) in types.items():
            assert points_of(scores[level].by_type[label]) == effects_of(*f1s) | {"support": support}


def test_one_type_alone_has_the_micro_scores_and_intervals() -> None:
    only_a = [[[tag.replace("-B", "-A") for tag in tags] for tags in side] for side in (GOLD, AS_IS, DO_ENTITY)]
    scores = causal_scores(only_a[0], only_a[1], only_a[1], only_a[2], resamples=150)
    for level, support in (("strict", 6), ("relaxed", 6), ("token", 7)):
        micro = scores[level].to_dict()
        (by_type,) = micro.pop("by_type").values()
        assert by_type == micro | {"support": support}


def test_scores_by_type_are_those_of_each_pass_by_type() -> None:
    scores = causal_scores(GOLD, DO_CONTEXT, DO_ENTITY, AS_IS, resamples=5)
    for name, tags in (("f1", DO_CONTEXT), ("f1_do_context", DO_ENTITY), ("f1_do_entity", AS_IS)):
        for level in LEVELS:
            assert {label: (row.f1, row.support) for label, row in ner_scores(GOLD, tags)[level].by_type.items()} == {
                label: (getattr(row, name), row.support) for label, row in scores[level].by_type.items()
            }


def test_a_model_that_reads_only_entities_has_ri_1_and_one_that_reads_only_context_minus_1() -> None:
    gold, nothing = [["B-A", "O"]], [["O", "O"]]
    only_entities = causal_scores(gold, gold, do_context=gold, do_entity=nothing, resamples=5).strict
    assert (only_entities.ace_c, only_entities.ace_e, only_entities.ri) == (0.0, -1.0, 1.0)
    only_context = causal_scores(gold, gold, do_context=nothing, do_entity=gold, resamples=5).strict
    assert (only_context.ace_c, only_context.ace_e, only_context.ri) == (-1.0, 0.0, -1.0)


def test_ri_is_defined_when_f1_is_zero() -> None:
    gold, nothing = [["B-A", "O"]], [["O", "O"]]
    all_zero = causal_scores(gold, nothing, nothing, nothing, resamples=5).strict
    assert (all_zero.f1, all_zero.ace_c, all_zero.ace_e, all_zero.ri) == (0.0, 0.0, 0.0, 0.0)
    better_blind = causal_scores(gold, nothing, do_context=gold, do_entity=nothing, resamples=5).strict
    assert (better_blind.f1, better_blind.ace_c, better_blind.ri) == (0.0, 1.0, 1.0)


def test_every_pass_has_to_line_up_with_the_gold_tags() -> None:
    passes = {"predictions": GOLD, "do_context": GOLD, "do_entity": GOLD}
    for name in passes:
        with pytest.raises(CfgenError, match="6 gold sentences but 5 predicted ones"):
            causal_scores(GOLD, **passes | {name: GOLD[:5]}, resamples=2)
        with pytest.raises(CfgenError, match="sentence 5: 1 gold tags but 2 predicted ones"):
            causal_scores(GOLD, **passes | {name: [*GOLD[:5], ["O", "O"]]}, resamples=2)


def test_passes_may_know_different_types() -> None:
    gold = [["B-K", "O"]]
    scores = causal_scores(gold, gold, do_context=[["B-X", "B-K"]], do_entity=[["B-A", "B-K"]], resamples=3).token
    assert (scores.f1, scores.f1_do_context, scores.f1_do_entity) == (1.0, 0.0, 0.0)
    assert [(label, row.support) for label, row in scores.by_type.items()] == [("A", 0), ("K", 1), ("X", 0)]
    for label, row in scores.by_type.items():
        assert points_of(row) == effects_of(float(label == "K"), 0.0, 0.0) | {"support": int(label == "K")}


# --- what leaves the module -----------------------------------------------------------------------------------------


def test_plain_python_numbers_leave_every_public_function() -> None:
    scores = ner_scores(GOLD, AS_IS).to_dict()
    causal = causal_scores(GOLD, AS_IS, DO_CONTEXT, DO_ENTITY, resamples=5).to_dict()
    for value in (scores, causal):
        assert json.loads(json.dumps(value)) == value
    assert types_of(list(interval(np.arange(3)))) == {float}
    for level in causal.values():
        supports = [row.pop("support") for row in level["by_type"].values()]
        assert types_of(supports) == {int}
    assert types_of(causal) == {float}
    for level in scores.values():
        for report in (level, *level["by_type"].values()):
            assert type(report["support"]) is int
            assert {type(report[name]) for name in ("precision", "recall", "f1")} == {float}


def test_counts_hold_integers() -> None:
    counts = count(GOLD, AS_IS)
    assert type(counts) is Counts
    assert counts.values.dtype == np.int64


def test_a_bad_pass_is_named_and_so_is_a_bad_number_of_resamples() -> None:
    good, short = [["B-A", "O"]], [["B-A"]]
    with pytest.raises(CfgenError, match=r"do_entity: sentence 0: 2 gold tags but 1 predicted ones"):
        causal_scores(good, good, good, short)
    with pytest.raises(CfgenError, match=r"resamples is 0: at least 1 is needed"):
        f1_intervals(good, good, resamples=0)
