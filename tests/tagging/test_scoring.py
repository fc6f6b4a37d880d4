"""Scores: hand-worked numbers, and agreement with independent computations (seqeval, scipy, plain loops)."""

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from seqeval.metrics import classification_report, f1_score, precision_score, recall_score

from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.scoring import LEVELS, Score, count, f1, matches, ner_scores
from hf_cfgen.tagging.span_table import SpanTable
from hf_cfgen.tagging.spans import SCHEMES, Span, scheme_tags, spans_to_tags, tags_to_spans

from .. import plain_scoring

fast = settings(max_examples=200, deadline=None)
TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BIES" for label in ("A", "B", "C"))]

# Six sentences of one or two words; the model finds some mentions, fewer without the entity
GOLD = [["B-A", "I-A"], ["B-B", "O"], ["O", "B-A"], ["B-A", "B-B"], ["O", "O"], ["B-B"]]
DO_CONTEXT = [["B-A", "O"], ["B-B", "O"], ["O", "B-A"], ["B-A", "O"], ["O", "O"], ["B-B"]]


@st.composite
def pairs(draw: st.DrawFn, tags: list[str] = TAGS) -> tuple[list[list[str]], list[list[str]]]:
    """Gold and predicted sequences of the same lengths, valid and invalid, often agreeing."""
    gold = draw(st.lists(st.lists(st.sampled_from(tags), max_size=8), min_size=1, max_size=4))
    predicted = [
        [draw(st.sampled_from([tag, tag, *tags])) for tag in sequence] if draw(st.booleans()) else list(sequence)
        for sequence in gold
    ]
    return gold, predicted


@st.composite
def disjoint_spans(draw: st.DrawFn) -> list[Span]:
    spans, position = [], 0
    for gap, size in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), max_size=7)):
        spans.append(Span(position + gap, position + gap + size, "A"))
        position += gap + size
    return spans


def maximum_matching(gold: list[Span], predicted: list[Span]) -> int:
    """The maximum one-to-one matching of overlapping spans, by scipy's Hopcroft-Karp."""
    overlap = np.array([[g.start < p.end and p.start < g.end for p in predicted] for g in gold], dtype=np.int8)
    if not overlap.size:
        return 0
    return int((maximum_bipartite_matching(csr_matrix(overlap)) >= 0).sum())


def relaxed_hits(gold: list[Span], predicted: list[Span]) -> int:
    """The relaxed hits among mentions of one type."""
    sides = (
        SpanTable(
            np.zeros(len(side), dtype=int),
            *(np.array([span[i] for span in side], dtype=int) for i in range(2)),
            np.zeros(len(side), dtype=int),
            ("A",),
        )
        for side in (gold, predicted)
    )
    return len(matches(*sides)[1])


def hits_of(gold: str, predicted: str) -> dict[str, list[int]]:
    """Hits, predictions and gold items of one sentence, by level, over all types."""
    counts = count([gold.split()], [predicted.split()])
    return dict(zip(LEVELS, counts.values[0].sum(axis=1).tolist()))


# --- matches --------------------------------------------------------------------------------------------------------


def test_one_long_prediction_over_four_gold_mentions_is_one_hit() -> None:
    gold = [Span(i, i + 1, "A") for i in range(4)]
    assert relaxed_hits(gold, [Span(0, 4, "A")]) == 1
    assert relaxed_hits([Span(0, 4, "A")], gold) == 1


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert relaxed_hits([Span(0, 2, "A")], [Span(2, 4, "A")]) == 0
    assert relaxed_hits([Span(2, 4, "A")], [Span(0, 2, "A")]) == 0


def test_no_spans_no_hits() -> None:
    assert relaxed_hits([], []) == relaxed_hits([Span(0, 1, "A")], []) == relaxed_hits([], [Span(0, 1, "A")]) == 0


def test_a_chain_of_overlaps_is_matched_as_far_as_possible() -> None:
    # each predicted mention overlaps two gold ones: pairing the second gold with the first prediction would waste one
    gold = [Span(0, 2, "A"), Span(2, 5, "A"), Span(5, 8, "A")]
    predicted = [Span(1, 4, "A"), Span(4, 7, "A"), Span(7, 9, "A")]
    assert relaxed_hits(gold, predicted) == relaxed_hits(predicted, gold) == 3
    # the largest overlap (gold 3-9 with predicted 2-8) has to give way to the small ones beside it
    gold, predicted = [Span(0, 3, "A"), Span(3, 9, "A")], [Span(2, 8, "A"), Span(8, 9, "A")]
    assert relaxed_hits(gold, predicted) == relaxed_hits(predicted, gold) == 2
    gold = [Span(0, 3, "A"), Span(3, 7, "A")]  # without them there is one pair to be had
    assert relaxed_hits(gold, predicted) == relaxed_hits(predicted, gold) == 1


@fast
@given(gold=disjoint_spans(), predicted=disjoint_spans())
def test_relaxed_hits_is_the_maximum_bipartite_matching(gold: list[Span], predicted: list[Span]) -> None:
    assert (
        relaxed_hits(gold, predicted)
        == plain_scoring.relaxed_hits(gold, predicted)
        == maximum_matching(gold, predicted)
    )


# --- count and f1 ---------------------------------------------------------------------------------------------------


def test_counts_are_laid_out_by_sentence_level_and_type() -> None:
    counts = count([["B-B", "I-B"], ["O", "B-A"]], [["B-B", "O"], ["B-C", "B-A"]])
    assert counts.types == ("A", "B", "C")
    assert counts.values.shape == (2, 3, 3, 3)
    assert counts.values[0].tolist() == [
        [[0, 0, 0], [0, 1, 1], [0, 0, 0]],  # strict: B has another end
        [[0, 0, 0], [1, 1, 1], [0, 0, 0]],  # relaxed
        [[0, 0, 0], [1, 1, 2], [0, 0, 0]],  # token: one of two words
    ]
    assert counts.values[1].tolist() == [[[1, 1, 1], [0, 0, 0], [0, 1, 0]]] * 3


def test_a_right_boundary_with_the_wrong_type_is_no_hit_at_any_level() -> None:
    assert hits_of("B-A I-A", "B-B I-B") == {"strict": [0, 1, 1], "relaxed": [0, 1, 1], "token": [0, 2, 2]}


def test_a_shifted_mention_is_a_relaxed_hit_only() -> None:
    assert hits_of("B-A I-A O", "O B-A I-A") == {"strict": [0, 1, 1], "relaxed": [1, 1, 1], "token": [1, 2, 2]}


def test_a_split_mention_is_one_relaxed_hit_of_two_predictions_and_right_on_every_word() -> None:
    assert hits_of("B-A I-A", "B-A B-A") == {"strict": [0, 2, 1], "relaxed": [1, 2, 1], "token": [2, 2, 2]}


def test_mentions_do_not_reach_into_the_next_sentence() -> None:
    counts = count([["B-A"], ["I-A"]], [["B-A"], ["I-A"]])
    assert counts.values[:, 0].tolist() == [[[1, 1, 1]], [[1, 1, 1]]]


def test_count_refuses_what_does_not_line_up() -> None:
    with pytest.raises(CfgenError, match="2 gold sentences but 1 predicted ones"):
        count([["O"], ["O"]], [["O"]])
    with pytest.raises(CfgenError, match="sentence 1: 2 gold tags but 3 predicted ones"):
        count([["O"], ["O", "O"]], [["O"], ["O", "O", "O"]])
    with pytest.raises(CfgenError, match="tag 'A' is neither"):
        count([["B-A"]], [["A"]])
    with pytest.raises(CfgenError, match="tag 'A' is neither"):
        count([["A"]], [["B-A"]])


LABELS = ["A", "B-C", "人名", "\U0001f600", "O", "a b"]
MIXED = sorted({"O"}.union(*(scheme_tags(LABELS, scheme) for scheme in SCHEMES)))


@fast
@given(pair=st.one_of(pairs(MIXED), *(pairs(scheme_tags(LABELS[:3], scheme)) for scheme in SCHEMES)))
def test_counts_are_those_of_plain_loops_in_every_scheme_and_mixture(
    pair: tuple[list[list[str]], list[list[str]]],
) -> None:
    ours, plain = count(*pair), plain_scoring.count(*pair)
    assert ours.types == plain.types
    assert np.array_equal(ours.values, plain.values)
    totals = ner_scores(*pair)
    for i, level in enumerate(LEVELS):
        assert totals[level].f1 == f1(plain.values.sum(axis=(0, 2))[i])
        for j, label in enumerate(plain.types):
            assert totals[level].by_type[label].f1 == f1(plain.values.sum(axis=0)[i, j])


def test_counts_of_long_chains_of_overlaps_are_those_of_plain_loops() -> None:
    names, rng = np.array(["O", "B-A", "I-A"]), np.random.default_rng(0)
    gold, predicted = (names[rng.choice(3, (20, 200), p=[0.1, 0.3, 0.6])].tolist() for _ in range(2))
    assert np.array_equal(count(gold, predicted).values, plain_scoring.count(gold, predicted).values)


def test_so_many_tags_that_their_numbers_are_no_characters_are_counted() -> None:
    tags = [f"B-{label:06}" for label in range(60_000)]
    counts = count([tags], [[*tags[:-2], *tags[:-3:-1]]])
    assert counts.types == tuple(tag[2:] for tag in tags)
    assert counts.values[0, :, :-2].tolist() == [[[1, 1, 1]] * (len(tags) - 2)] * 3
    assert counts.values[0, :, -2:].tolist() == [[[0, 1, 1]] * 2] * 3


def test_f1_is_the_harmonic_mean_and_zero_without_items() -> None:
    counts = np.array([[[3, 4, 6], [0, 0, 0]], [[0, 5, 0], [0, 0, 5]]])
    precision, recall = 3 / 4, 3 / 6
    assert f1(counts).tolist() == [[pytest.approx(2 * precision * recall / (precision + recall)), 0.0], [0.0, 0.0]]
    assert float(f1(np.array([1, 1, 1]))) == 1.0


# --- ner_scores -----------------------------------------------------------------------------------------------------


def test_ner_scores_worked_by_hand() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC", "O"], ["B-LOC", "I-LOC", "B-PER", "O", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-PER", "O"], ["B-LOC", "O", "B-PER", "B-LOC", "O"]]
    # strict   PER: 2 hits of 3 predicted, 2 gold; LOC: 0 of 2, 2
    # relaxed  PER: 2 of 3, 2;                     LOC: 1 of 2, 2
    # token    PER: 3 of 4, 3;                     LOC: 1 of 2, 3
    scores = ner_scores(gold, predicted)
    scores = scores.to_dict()
    assert list(scores) == ["strict", "relaxed", "token"]

    def report(hits: int, of_predicted: int, of_gold: int) -> dict[str, Any]:
        return {
            "precision": pytest.approx(hits / of_predicted),
            "recall": pytest.approx(hits / of_gold),
            "f1": pytest.approx(2 * hits / (of_predicted + of_gold)),
            "support": of_gold,
        }

    assert scores["strict"] == report(2, 5, 4) | {"by_type": {"LOC": report(0, 2, 2), "PER": report(2, 3, 2)}}
    assert scores["relaxed"] == report(3, 5, 4) | {"by_type": {"LOC": report(1, 2, 2), "PER": report(2, 3, 2)}}
    assert scores["token"] == report(4, 6, 6) | {"by_type": {"LOC": report(1, 2, 3), "PER": report(3, 4, 3)}}


def test_swapping_gold_and_prediction_swaps_precision_and_recall() -> None:
    scores, swapped = ner_scores(GOLD, DO_CONTEXT), ner_scores(DO_CONTEXT, GOLD)
    for level in LEVELS:
        assert scores[level].precision == swapped[level].recall
        assert scores[level].recall == swapped[level].precision
        assert scores[level].precision > scores[level].recall


def test_empty_denominators_give_zero() -> None:
    nothing = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    for gold, predicted in (([], []), ([[]], [[]]), ([["O"]], [["O"]])):
        assert ner_scores(gold, predicted).to_dict() == {level: nothing | {"by_type": {}} for level in LEVELS}
    unpredicted = ner_scores([["B-A"]], [["O"]]).strict
    assert unpredicted.to_dict() == nothing | {"support": 1, "by_type": {"A": nothing | {"support": 1}}}
    unasked = ner_scores([["O"]], [["B-A"]]).strict
    assert unasked.to_dict() == nothing | {"by_type": {"A": nothing}}


def test_a_type_that_only_the_model_knows_lowers_the_micro_score_and_has_its_own_row() -> None:
    scores = ner_scores([["B-A", "O"]], [["B-A", "B-X"]]).strict
    assert (scores.precision, scores.recall) == (0.5, 1.0)
    assert scores.by_type["X"] == Score(precision=0.0, recall=0.0, f1=0.0, support=0)


@fast
@given(pair=pairs())
def test_strict_scores_are_those_of_seqeval(pair: tuple[list[list[str]], list[list[str]]]) -> None:
    gold, predicted = pair
    strict = ner_scores(gold, predicted).strict
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval warns where a denominator is 0, and numpy within it
        assert strict.precision == pytest.approx(precision_score(gold, predicted))
        assert strict.recall == pytest.approx(recall_score(gold, predicted))
        assert strict.f1 == pytest.approx(f1_score(gold, predicted))
        if not strict.by_type:  # seqeval's report fails on data without a mention
            return
        report = classification_report(gold, predicted, output_dict=True)
    averages = {"micro avg", "macro avg", "weighted avg"}
    assert {label: (row.precision, row.recall, row.f1, row.support) for label, row in strict.by_type.items()} == {
        label: (pytest.approx(row["precision"]), pytest.approx(row["recall"]), pytest.approx(row["f1-score"]), n)
        for label, row in report.items()
        if label not in averages
        for n in [int(row["support"])]
    }
    assert strict.support == report["micro avg"]["support"]


@fast
@given(pair=pairs())
def test_relaxed_scores_count_maximum_matchings_within_sentences_and_types(
    pair: tuple[list[list[str]], list[list[str]]],
) -> None:
    gold, predicted = pair
    hits, of_predicted, of_gold = Counter(), Counter(), Counter()
    for gold_tags, predicted_tags in zip(gold, predicted):
        for label in "ABC":
            ours = [span for span in tags_to_spans(gold_tags) if span.label == label]
            theirs = [span for span in tags_to_spans(predicted_tags) if span.label == label]
            hits[label] += maximum_matching(ours, theirs)
            of_predicted[label] += len(theirs)
            of_gold[label] += len(ours)
    relaxed = ner_scores(gold, predicted).relaxed
    assert relaxed.precision == pytest.approx(hits.total() / max(of_predicted.total(), 1))
    assert relaxed.recall == pytest.approx(hits.total() / max(of_gold.total(), 1))
    assert relaxed.f1 == pytest.approx(2 * hits.total() / max(of_predicted.total() + of_gold.total(), 1))
    for label, row in relaxed.by_type.items():
        assert row.f1 == pytest.approx(2 * hits[label] / (of_predicted[label] + of_gold[label]))


@fast
@given(pair=pairs())
def test_token_scores_are_micro_f1_over_the_words_that_are_not_o(
    pair: tuple[list[list[str]], list[list[str]]],
) -> None:
    gold, predicted = pair
    words = [(g[2:], p[2:]) for ours, theirs in zip(gold, predicted) for g, p in zip(ours, theirs)]
    hits = sum(g == p != "" for g, p in words)
    of_predicted, of_gold = sum(p != "" for _, p in words), sum(g != "" for g, _ in words)
    token = ner_scores(gold, predicted).token
    assert token.precision == pytest.approx(hits / of_predicted if of_predicted else 0)
    assert token.recall == pytest.approx(hits / of_gold if of_gold else 0)
    assert token.f1 == pytest.approx(2 * hits / (of_predicted + of_gold) if of_predicted + of_gold else 0)
    assert token.support == of_gold
    for label, row in token.by_type.items():
        both = sum(g == p == label for g, p in words)
        assert row.f1 == pytest.approx(
            2 * both / (sum(g == label for g, _ in words) + sum(p == label for _, p in words))
        )


@fast
@given(pair=pairs())
def test_the_same_mentions_score_the_same_in_every_scheme(pair: tuple[list[list[str]], list[list[str]]]) -> None:
    gold, predicted = pair
    expected = ner_scores(gold, predicted)
    laid_out = {
        scheme: [[spans_to_tags(tags_to_spans(tags), len(tags), scheme) for tags in side] for side in pair]
        for scheme in SCHEMES
    }
    for scheme in SCHEMES:
        assert ner_scores(*laid_out[scheme]) == expected
    assert ner_scores(laid_out["BILOU"][0], laid_out["IOB1"][1]) == expected


@fast
@given(pair=pairs())
def test_relaxed_is_never_below_strict_and_all_scores_lie_between_0_and_1(
    pair: tuple[list[list[str]], list[list[str]]],
) -> None:
    scores = ner_scores(*pair)
    for name in ("precision", "recall", "f1"):
        assert 0 <= getattr(scores.strict, name) <= getattr(scores.relaxed, name) <= 1
        assert 0 <= getattr(scores.token, name) <= 1
