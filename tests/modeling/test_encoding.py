"""Words and sub-words, windows, and the predictions made from them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerFast

from hf_cfgen import CfgenError
from hf_cfgen.modeling.decoding import decode_tags
from hf_cfgen.modeling.encoding import embedding_block, max_length
from hf_cfgen.modeling.inference import empty_embeddings

from ..taggers import LABELS, encode_words, predict_probabilities, tiny_bert, tiny_lstm, wordpiece_tokenizer

PIECES = ["a", "b", "c", "##x", "##y", "new"]
TOKENIZER = wordpiece_tokenizer(PIECES)


def ids(*pieces: str) -> list[int]:
    return [TOKENIZER.convert_tokens_to_ids(piece) for piece in pieces]


def test_a_word_is_predicted_at_its_first_sub_word():
    (window,) = encode_words(TOKENIZER, [["axy", "b", "newx"]], None, 0)
    assert window.inputs["input_ids"] == ids("[CLS]", "a", "##x", "##y", "b", "new", "##x", "[SEP]")
    assert window.word_ids == [None, 0, 0, 0, 1, 2, 2, None]
    assert window.firsts == {0: 1, 1: 4, 2: 5}


def test_words_without_sub_words_are_fed_as_the_unknown_token():
    (window,) = encode_words(TOKENIZER, [["a", " ", "", "\u200b", "b", "never"]], None, 0)
    assert window.inputs["input_ids"] == ids("[CLS]", "a", "[UNK]", "[UNK]", "[UNK]", "b", "[UNK]", "[SEP]")
    assert window.firsts == {0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6}


def test_a_sentence_without_words_has_no_window_and_no_prediction():
    assert [window.sentence for window in encode_words(TOKENIZER, [[], ["a"], []], None, 0)] == [1]
    model = tiny_bert(len(TOKENIZER))
    assert [values.shape for values in predict_probabilities(model, TOKENIZER, [[], ["a"], []])] == [
        (0, 5),
        (1, 5),
        (0, 5),
    ]


def test_windows_overlap_and_each_word_goes_to_the_one_where_it_sees_most():
    # windows of 6 sub-words hold 4 of the sentence, and share 2: words 0-3, 2-5, 4-7
    windows = encode_words(TOKENIZER, [["a"] * 8], 6, 2)
    assert [[word for word in window.word_ids if word is not None] for window in windows] == [
        [0, 1, 2, 3],
        [2, 3, 4, 5],
        [4, 5, 6, 7],
    ]
    # word 2 stands 1 before the cut of the first window and at the cut of the second; word 3 the other way round
    assert [list(window.firsts) for window in windows] == [[0, 1, 2], [3, 4], [5, 6, 7]]


def test_a_word_whose_later_sub_words_begin_a_window_is_predicted_at_its_first():
    windows = encode_words(TOKENIZER, [["a", "bxyx", "c"]], 6, 2)
    assert [window.word_ids[1:-1] for window in windows] == [[0, 1, 1, 1], [1, 1, 1, 2]]
    assert [window.firsts for window in windows] == [{0: 1, 1: 2}, {2: 4}]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["a", "bx", "cxyx", " ", "newxxyx"]), max_size=12), max_size=3),
    st.integers(5, 12),
    st.integers(0, 2),
)
def test_every_word_is_predicted_once_in_order_at_its_own_first_sub_word(sentences, length, stride):
    windows = encode_words(TOKENIZER, sentences, length, stride)
    whole = encode_words(TOKENIZER, sentences, None, 0)
    for i, words in enumerate(sentences):
        mine = [window for window in windows if window.sentence == i]
        assert [word for window in mine for word in window.firsts] == list(range(len(words)))
        (one,) = [window for window in whole if window.sentence == i] or [None]
        for window in mine:
            assert len(window.word_ids) <= length
            for word, position in window.firsts.items():
                assert window.word_ids[position] == word
                assert window.inputs["input_ids"][position] == one.inputs["input_ids"][one.firsts[word]]


def test_without_a_stride_the_words_behind_the_first_window_are_not_seen():
    (window,) = encode_words(TOKENIZER, [["a"] * 8], 6, None)
    assert list(window.firsts) == [0, 1, 2, 3]
    model = tiny_bert(len(TOKENIZER), max_position_embeddings=6)
    (values,) = predict_probabilities(model, TOKENIZER, [["a"] * 8], stride=None)
    assert np.isnan(values).all(axis=1).tolist() == [False] * 4 + [True] * 4
    assert decode_tags([values], model.config.id2label)[0][4:] == ["O"] * 4


def test_the_longest_input_is_the_smaller_of_the_tokenizers_and_the_models():
    assert max_length(tiny_bert(9), wordpiece_tokenizer(PIECES)) == 512
    assert max_length(tiny_bert(9, max_position_embeddings=7), wordpiece_tokenizer(PIECES)) == 7
    assert max_length(tiny_bert(9), wordpiece_tokenizer(PIECES, model_max_length=10)) == 10
    assert max_length(*tiny_lstm([["a"]])) is None


def test_roberta_loses_the_first_positions():
    from transformers import RobertaConfig, RobertaForTokenClassification

    config = RobertaConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=12, pad_token_id=1,
    )  # fmt: skip
    model = RobertaForTokenClassification(config)
    assert max_length(model, TOKENIZER) == 10
    model(torch.full((1, 10), 4))
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        model(torch.full((1, 11), 4))


def test_bad_strides_and_slow_tokenizers_are_errors():
    with pytest.raises(CfgenError, match=r"stride 4 does not fit windows of 6 sub-words with 2 special tokens"):
        encode_words(TOKENIZER, [["a"]], 6, 4)
    slow = type("Slow", (), {"is_fast": False})()
    with pytest.raises(CfgenError, match=r"Slow is not a fast tokenizer, .*: use AutoTokenizer"):
        encode_words(slow, [["a"]], None, 0)


def test_a_blank_word_without_an_unknown_token_is_an_error():
    tokenizer = wordpiece_tokenizer(PIECES)
    tokenizer.unk_token = None
    with pytest.raises(CfgenError, match=r"word ' ' yields no sub-word and the tokenizer has no unknown token"):
        encode_words(tokenizer, [["a", " "]], None, 0)


SENTENCES = [["a"], ["a", "bx", "newxy"], ["c", "cx", " ", "a", "b", "a", "a"], ["b", "b"]]


@pytest.mark.parametrize("kind", ["bert", "lstm"])
def test_padding_and_batch_order_change_no_prediction(kind):
    model, tokenizer = (tiny_bert(len(TOKENIZER)), TOKENIZER) if kind == "bert" else tiny_lstm(SENTENCES)
    alone = [predict_probabilities(model, tokenizer, [words])[0] for words in SENTENCES]
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        together = predict_probabilities(model, tokenizer, [SENTENCES[i] for i in order], batch_size=3)
        for i, values in zip(order, together):
            np.testing.assert_allclose(values, alone[i], atol=1e-6)
            np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-6)


def test_padding_does_not_leak_into_the_backward_direction_of_the_lstm():
    model, tokenizer = tiny_lstm([["a", "b", "c"]])
    row = tokenizer(["a", "b"], is_split_into_words=True)["input_ids"]
    junk = tokenizer(["c"], is_split_into_words=True)["input_ids"]
    padded = model(torch.tensor([row + junk * 3]), torch.tensor([[1, 1, 0, 0, 0]])).logits[0, :2]
    assert torch.equal(padded, model(torch.tensor([row])).logits[0])
    # the check can fail: without the mask the junk is read
    assert not torch.allclose(padded, model(torch.tensor([row + junk * 3])).logits[0, :2], atol=1e-4)


def test_a_long_sentence_is_predicted_as_in_its_windows(minilm):
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_pretrained(minilm, num_labels=3).eval()
    words = [f"w{i % 37}" for i in range(400)]
    length = max_length(model, tokenizer)
    windows = encode_words(tokenizer, [words], length, -1)
    assert length == 512 and len(windows) > 1
    (values,) = predict_probabilities(model, tokenizer, [words])
    assert values.shape == (400, 3) and not np.isnan(values).any()
    last = windows[-1]
    with torch.inference_mode():
        logits = model(torch.tensor([last.inputs["input_ids"]])).logits[0].softmax(-1).numpy()
    for word, position in last.firsts.items():
        np.testing.assert_allclose(values[word], logits[position], atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "lstm"])
def test_empty_words_have_embeddings_of_zeros_and_others_are_untouched(kind):
    model, tokenizer = (tiny_bert(len(TOKENIZER)), TOKENIZER) if kind == "bert" else tiny_lstm([["a", "newx", "b"]])
    (window,) = encode_words(tokenizer, [["a", "newx", "b"]], None, 0)
    inputs = torch.tensor([window.inputs["input_ids"]])
    mask = torch.tensor([[word == 1 for word in window.word_ids]])
    seen = []
    handle = embedding_block(model).register_forward_hook(lambda module, args, output: seen.append(output))
    with torch.inference_mode():
        model(inputs)
        plain = seen.pop()
        handle.remove()
        with empty_embeddings(model, mask):
            handle = embedding_block(model).register_forward_hook(lambda module, args, output: seen.append(output))
            model(inputs)
            handle.remove()
    (emptied,) = seen
    assert mask.sum() == (2 if kind == "bert" else 1)
    assert torch.equal(emptied[mask], torch.zeros_like(emptied[mask]))
    assert torch.equal(emptied[~mask], plain[~mask])
    assert plain[mask].abs().min() > 0
    assert not embedding_block(model)._forward_hooks


def test_predictions_with_empty_words_do_not_depend_on_what_the_words_were():
    for model, tokenizer in ((tiny_bert(len(TOKENIZER)), TOKENIZER), tiny_lstm([["a", "b", "c", "new"]])):
        one, other = predict_probabilities(
            model, tokenizer, [["a", "b", "a"], ["a", "c", "a"]], empty=[[False, True, False]] * 2
        )
        assert np.array_equal(one, other)
        one, other = predict_probabilities(model, tokenizer, [["a", "b", "a"], ["a", "c", "a"]])
        assert not np.allclose(one, other, atol=1e-6)


def test_all_sub_words_of_an_empty_word_are_emptied():
    tokenizer = wordpiece_tokenizer(PIECES)
    model = tiny_bert(len(tokenizer))
    one, other = predict_probabilities(model, tokenizer, [["b", "ax"], ["b", "ay"]], empty=[[False, True]] * 2)
    assert np.array_equal(one, other)


def test_predictions_are_made_in_evaluation_mode():
    for model, tokenizer in ((tiny_bert(len(TOKENIZER), hidden_dropout_prob=0.5), TOKENIZER), tiny_lstm(SENTENCES)):
        model.train()
        first, again = (predict_probabilities(model, tokenizer, SENTENCES) for _ in range(2))
        assert all(np.array_equal(a, b) for a, b in zip(first, again))


def test_a_model_whose_embeddings_are_elsewhere_is_an_error_and_not_a_zero_effect():
    from transformers import T5Config, T5ForTokenClassification

    labels = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
    shape = {"d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2}
    model = T5ForTokenClassification(T5Config(vocab_size=len(TOKENIZER), pad_token_id=0, **shape, **labels)).eval()
    assert predict_probabilities(model, TOKENIZER, [["a", "b"]])[0].shape == (2, 5)
    with pytest.raises(CfgenError, match=r"embeddings of T5ForTokenClassification can't be made \[EMPTY\]"):
        predict_probabilities(model, TOKENIZER, [["a", "b"]], empty=[[True, False]])


def test_a_byte_level_tokenizer_puts_the_blank_before_words_that_it_was_trained_with(tmp_path):
    vocabulary = {piece: i for i, piece in enumerate(["<unk>", "a", "b", "\u0120", "\u0120a", "ab", "\u0120ab"])}
    backend = Tokenizer(models.BPE(vocabulary, [("\u0120", "a"), ("a", "b"), ("\u0120a", "b")], unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>").save_pretrained(tmp_path)
    words = ["ab", "ab"]
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer(words, is_split_into_words=True).tokens() == ["ab", "ab"]
    (window,) = encode_words(tokenizer, [words], None, 0)
    assert tokenizer.convert_ids_to_tokens(window.inputs["input_ids"]) == ["\u0120ab", "\u0120ab"]
    tokenizer.save_pretrained(tmp_path)  # a tagger is saved with it
    assert AutoTokenizer.from_pretrained(tmp_path)(words, is_split_into_words=True).tokens() == ["\u0120ab"] * 2
