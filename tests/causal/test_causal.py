"""Causal effects of taggers whose reading is known, and of trained ones on the demo corpus."""

from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers.modeling_outputs import TokenClassifierOutput

from hf_cfgen import CfgenError, causal_effects
from hf_cfgen.causal.interventions import intervened_predictions
from hf_cfgen.cli.run import RunArguments, run
from hf_cfgen.evaluation.run_result import RunResult
from hf_cfgen.evaluation.scores import evaluate_tagger
from hf_cfgen.modeling.lstm import LSTMTagger
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.training.config import TaggerTrainingArguments

from ..taggers import LABELS, lexicon_tagger, tiny_bert, tiny_lstm, wordpiece_tokenizer

TEST = Dataset.from_dict(
    {
        "tokens": [["in", "Rome", "met", "Ada"], ["met", "Bo"], ["in", "Oslo"], ["met", "met"]],
        "ner_tags": [["O", "B-LOC", "O", "B-PER"], ["O", "B-PER"], ["O", "B-LOC"], ["O", "O"]],
    }
)


def test_a_reader_of_entities_alone_loses_all_under_do_e0_and_nothing_under_do_c0():
    reader = lexicon_tagger({"Rome": "B-LOC", "Ada": "B-PER", "Bo": "B-PER"}, ["in", "met", "Oslo"])
    effects = causal_effects(as_discriminator(*reader), TEST)
    # 3 of 4 mentions are known to it: P = 1, R = 3/4, F1 = 6/7
    for level in ("strict", "relaxed", "token"):
        assert effects[level].f1 == pytest.approx(6 / 7)
        assert effects[level].ace_c == 0.0
        assert effects[level].ace_e == -effects[level].f1
        assert effects[level].ri == effects[level].f1
        assert effects[level].ace_c_interval == (0.0, 0.0)


def context_reader() -> tuple[LSTMTagger, Any]:
    """A tagger that reads only the word to the left: a place after in, a person after met."""
    _, tokenizer = tiny_lstm([["in", "met", "Rome", "Ada", "Bo", "Oslo"]])
    vocabulary = tokenizer.get_vocab()

    class Reader(LSTMTagger):
        def forward(self, input_ids: torch.Tensor, **_: Any) -> TokenClassifierOutput:
            left = self.word_embeddings(input_ids)[..., 0].roll(1, dims=1)
            left[:, 0] = 0
            logits = torch.zeros(*input_ids.shape, len(LABELS))
            logits[..., 0] = 1
            logits[..., LABELS.index("B-LOC")] += 4 * (left == vocabulary["in"])
            logits[..., LABELS.index("B-PER")] += 4 * (left == vocabulary["met"])
            return TokenClassifierOutput(logits=logits)

    model, _ = tiny_lstm([["in", "met", "Rome", "Ada", "Bo", "Oslo"]], embedding_size=1)
    with torch.no_grad():
        model.word_embeddings.weight[:, 0] = torch.arange(len(vocabulary))
    model.__class__ = Reader
    return model, tokenizer


def test_a_reader_of_context_alone_loses_all_under_do_c0_and_nothing_under_do_e0():
    effects = causal_effects(as_discriminator(*context_reader()), TEST)
    # 4 of 4 mentions, and a false one in "met met": F1 = 8/9
    assert effects.strict.f1 == pytest.approx(8 / 9)
    assert effects.strict.ace_e == 0.0
    assert effects.strict.f1_do_context == 0.0
    assert effects.strict.ri == -effects.strict.f1


def test_each_intervention_empties_its_own_words():
    reader = as_discriminator(*lexicon_tagger(dict.fromkeys(("in", "Rome", "met", "Ada"), "B-PER")))
    tokens, tags = TEST["tokens"][:1], TEST["ner_tags"][:1]
    passes = intervened_predictions(reader, tokens, tags)
    assert passes == {
        "predictions": [["B-PER"] * 4],
        "do_context": [["O", "B-PER", "O", "B-PER"]],
        "do_entity": [["B-PER", "O", "B-PER", "O"]],
    }


@pytest.mark.parametrize("kind", ["bert", "lstm"])
def test_under_an_intervention_no_model_can_tell_what_the_emptied_words_were(kind):
    words = ["in", "met", "Rome", "Ada", "Bo", "Oslo"]
    if kind == "bert":
        tokenizer = wordpiece_tokenizer(words)
        tagger = as_discriminator(tiny_bert(len(tokenizer)), tokenizer)
    else:
        tagger = as_discriminator(*tiny_lstm([words]))
    tags = [["O", "B-LOC", "O"]]
    ours = [intervened_predictions(tagger, [["in", place, "met"]], tags)["do_entity"] for place in ("Rome", "Ada")]
    assert ours[0] == ours[1]
    ours = [intervened_predictions(tagger, [[left, "Rome", left]], tags)["do_context"] for left in ("in", "Bo")]
    assert ours[0] == ours[1]


def test_a_pipeline_that_cuts_long_sentences_does_so_here_too():
    model, tokenizer = lexicon_tagger({"Ada": "B-PER"}, ["met"])
    tokenizer.model_max_length = 4
    sentence, tags = ["met"] * 6 + ["Ada"], ["O"] * 6 + ["B-PER"]
    for stride, found in ((None, "O"), (1, "B-PER")):
        reader = as_discriminator(model, tokenizer, stride=stride)
        assert intervened_predictions(reader, [sentence], [tags])["predictions"][0][6] == found


def test_a_model_without_the_types_of_the_data_is_an_error():
    reader = as_discriminator(*lexicon_tagger({"Ada": "B-PER"}, labels=["O", "B-PER"]))
    with pytest.raises(CfgenError, match=r"the data has types LOC, which the model lacks; it has PER"):
        causal_effects(reader, TEST)


def test_the_scheme_of_the_model_may_differ_from_that_of_the_data():
    reader = as_discriminator(*lexicon_tagger({"Ada": "U-PER", "Bo": "U-PER"}, ["in"], ["O", "U-PER", "U-LOC"]))
    assert causal_effects(reader, TEST).strict.f1 == pytest.approx(2 * 2 / (2 + 4))


def test_the_format_of_the_data_set_changes_nothing():
    reader = as_discriminator(*lexicon_tagger({"Ada": "B-PER", "Rome": "B-LOC"}, ["in"]))
    expected = causal_effects(reader, TEST)
    assert 0 < expected.strict.f1 < 1
    for kind in ("arrow", "numpy"):
        assert causal_effects(reader, TEST.with_format(kind)) == expected
        assert evaluate_tagger(reader, TEST.with_format(kind)) == evaluate_tagger(reader, TEST)


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory) -> RunResult:
    """Both taggers on the demo corpus, where the labels are a function of the mentions alone."""
    output = tmp_path_factory.mktemp("demo")
    training = TaggerTrainingArguments(
        output_dir=str(output / "out"),
        max_steps=300,
        learning_rate=3e-3,
        use_cpu=True,
        disable_tqdm=True,
    )
    return run(RunArguments(dataset="demo:en", hidden_size=128, dropout=0.3, control=True), training)


def test_on_the_demo_corpus_the_effects_have_the_known_direction(demo_run):
    # labels hang on the mentions alone: a reader of the true causes has ACE_C = 0 and RI >= 2/3 (see demo_corpus)
    for tagger in demo_run.taggers.values():
        strict = tagger.causal.strict
        assert strict.ace_e_interval[1] < 0 and strict.ri_interval[0] > 0
        assert strict.ace_e < strict.ace_c


def test_on_the_demo_corpus_swaps_cut_the_tie_of_names_to_contexts(demo_run):
    ri = {name: tagger.causal.strict.ri for name, tagger in demo_run.taggers.items()}
    assert ri["Aug"] > ri["NoAug"] + 0.1
    assert ri["Control"] > ri["NoAug"] + 0.1


def test_on_the_demo_corpus_the_swaps_that_a_discriminator_keeps_help_most(demo_run):
    f1 = {name: tagger.test.strict.f1 for name, tagger in demo_run.taggers.items()}
    assert f1["Aug"] > max(f1["NoAug"], f1["Control"])
    assert demo_run.counts.kept > 0.5 * demo_run.counts.candidates
