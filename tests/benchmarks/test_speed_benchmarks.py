"""The inputs and checks of the benchmarks of verdicts and metrics; nothing is timed."""

import numpy as np
import pytest
import torch

from benchmarks.discrimination import check_labels, of_one_length, passes, small_bert
from benchmarks.metrics import samples
from benchmarks.timing import in_turn
from hf_cfgen.modeling.inference import batches
from hf_cfgen.modeling.pipeline import as_discriminator

from ..taggers import LABELS

SENTENCES = [["Ada", "met", "Bo"], ["Ada"], ["Bo", "met", "Ada"], ["met", "Bo"]]


@pytest.fixture
def tagger():
    torch.manual_seed(0)
    labels = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
    return as_discriminator(*small_bert(["Ada", "met", "Bo"], labels))


def test_batches_without_padding_have_all_windows_and_no_padding(tagger):
    windows = tagger.preprocess(SENTENCES).windows
    ours = batches(windows, torch.device("cpu"))
    assert [batch.tolist() for batch in ours] == [[0, 2, 3, 1]]
    alike = of_one_length(windows, ours)
    assert [batch.tolist() for batch in alike] == [[0, 2], [3], [1]]
    assert [tensors["attention_mask"].sum(1).tolist() for tensors in passes(windows, alike)] == [[5, 5], [4], [3]]
    assert [tensors["attention_mask"].sum(1).tolist() for tensors in passes(windows, ours)] == [[5, 5, 4, 3]]


def test_labels_are_compared_word_by_word(tagger):
    labels = tagger.model.config.id2label
    answers = [
        [{"index": i + 1, "entity": labels[int(label)]} for i, label in enumerate(values.argmax(-1))]
        for values in tagger.predict_probabilities(SENTENCES)
    ]
    check_labels(tagger, SENTENCES, answers)
    answers[3][1]["entity"] = "B-XYZ"
    with pytest.raises(ValueError, match="sentence 3: the stock pipeline gives other labels"):
        check_labels(tagger, SENTENCES, answers)


def test_samples_have_as_many_words_as_asked_for_and_one_in_twenty_has_another_tag():
    gold, predicted = samples("demo:en", 20_000)
    assert [len(sentence) for sentence in gold] == [len(sentence) for sentence in predicted]
    assert sum(map(len, gold)) == 20_000
    tags = len({tag for sentence in gold for tag in sentence})
    wrong = np.mean([one != other for pair in zip(gold, predicted) for one, other in zip(*pair)])
    assert wrong == pytest.approx(0.05 * (tags - 1) / tags, abs=0.005)
    assert samples("demo:en", 20_000) == (gold, predicted)


def test_functions_take_turns_and_the_first_round_does_not_count():
    calls: list[str] = []
    seconds, results = in_turn({"a": lambda: calls.append("a"), "b": lambda: len(calls)}, 2)
    assert calls == ["a", "a", "a"] and results == {"a": None, "b": 3} and set(seconds) == {"a", "b"}
