"""Viterbi decoding over legal transitions, checked against all sequences."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedConfig

from hf_cfgen.modeling.decoding import decode, decode_tags, inferred_scheme, legal_transitions, tagging_scheme, viterbi
from hf_cfgen.tagging.spans import SCHEMES, scheme_tags, spans_to_tags, tags_to_spans

TINY = float(np.log(np.finfo(np.float32).tiny))


def written(tags: list[str], scheme: str) -> bool:
    """Whether the scheme writes its mentions exactly so."""
    return spans_to_tags(tags_to_spans(tags), len(tags), scheme) == tags


@pytest.mark.parametrize("scheme", SCHEMES)
def test_legal_are_exactly_the_sequences_that_a_scheme_writes(scheme):
    labels = scheme_tags(["A", "B"], scheme)
    legal = legal_transitions(labels, scheme)
    edge = len(labels)
    for length in (1, 2, 3, 4):
        for codes in product(range(edge), repeat=length):
            expected = written([labels[code] for code in codes], scheme)
            assert all(legal[pair] for pair in pairwise([edge, *codes, edge])) == expected, codes


def test_labels_without_prefixes_may_follow_each_other_and_foreign_labels_are_never_legal():
    assert legal_transitions(["O", "PER", "LOC"]).all()
    legal = legal_transitions(["O", "B-A", "I-A", "PAD"], "IOB2")
    assert not legal[:, 3].any() and not legal[3].any()
    assert legal[0].tolist() == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (["O", "B-A", "I-A"], "IOB2"),
        (["O", "B-A"], "IOB2"),
        (["O", "I-A", "B-B", "I-B"], "IOB1"),
        (["O", "B-A", "I-A", "E-A", "S-A"], "BIOES"),
        (["O", "B-A", "I-A", "L-A", "U-A"], "BILOU"),
        (["O", "B-A", "M-A", "E-A", "S-A"], "BMES"),
        (["O", "B-A", "M-A", "E-A", "W-A"], "BMEWO"),
        (["O", "B-A", "M-A", "U-A"], None),
        (["LABEL_0", "LABEL_1"], None),
    ],
)
def test_the_scheme_of_labels(labels, scheme):
    assert inferred_scheme(labels) == scheme


def test_a_configuration_can_name_the_scheme():
    labels = {0: "O", 1: "B-A", 2: "I-A"}
    assert tagging_scheme(PreTrainedConfig(id2label=labels)) == "IOB2"
    assert tagging_scheme(PreTrainedConfig(id2label=labels, tagging_scheme="IOB1")) == "IOB1"


@settings(deadline=None, max_examples=60)
@given(
    scheme=st.sampled_from(SCHEMES),
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    seed=st.integers(0, 999),
)
def test_decoding_finds_the_best_legal_sequence_of_each_sentence(scheme, lengths, seed):
    labels = scheme_tags(["A", "B"], scheme)[:5]
    offsets = np.cumsum([0, *lengths])
    scores = torch.from_numpy(np.random.default_rng(seed).dirichlet(np.full(len(labels), 0.3), offsets[-1])).float()
    legal = legal_transitions(labels, scheme)
    found = decode(scores.log(), offsets, legal).tolist()
    values = scores.log().clamp(min=TINY).double().numpy()
    for begin, end in pairwise(offsets.tolist()):
        sequences = [
            codes
            for codes in product(range(len(labels)), repeat=end - begin)
            if all(legal[pair] for pair in pairwise([len(labels), *codes, len(labels)]))
        ]
        totals = [values[range(begin, end), codes].sum() for codes in sequences]
        assert tuple(found[begin:end]) in sequences
        assert values[range(begin, end), found[begin:end]].sum() == pytest.approx(max(totals), abs=1e-4)


def test_viterbi_adds_transition_scores():
    scores = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 0.5]], [[0.0, 1.0], [1.0, 0.0], [9.0, 0.0]]])
    transitions = torch.tensor([[0.0, -2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    path = viterbi(scores, np.array([3, 2]), transitions)
    assert path[0].tolist() == [0, 0, 0]  # 2.0; with label 1 at the end 2.5 - 2
    assert path[1, :2].tolist() == [1, 0]
    transitions[0, 2] = -3.0  # no sentence should end with label 0
    path = viterbi(scores, np.array([3, 2]), transitions)
    assert path[0].tolist() == [0, 0, 1]  # 2.5 - 2 = 0.5; through label 1 in the middle 1.0 - 2 + 0.5
    assert path[1, :2].tolist() == [1, 1]  # 1.0; with label 0 at the end 2.0 - 3


def test_a_word_that_the_model_did_not_see_is_o_and_ends_a_mention_legally():
    nan = [np.nan] * 5
    labels = dict(enumerate(["O", "B-A", "I-A", "E-A", "S-A"]))
    first = np.array([[0.0, 0.9, 0.0, 0.0, 0.1], nan], dtype=np.float32)
    assert decode_tags([first, np.array([nan]), np.zeros((0, 5))], labels) == [["S-A", "O"], ["O"], []]
    assert decode_tags([], labels) == []


def test_label_ids_in_any_order():
    assert decode_tags([np.array([[0.4, 0.35, 0.25]])], {1: "B-A", 2: "O", 0: "I-A"}) == [["B-A"]]
