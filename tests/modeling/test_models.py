"""The taggers, their tokenizer and the vectors they start from."""

import os
import struct
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from hf_cfgen import CfgenError, LSTMTagger
from hf_cfgen.modeling.create import lstm_tagger, pretrained_tagger
from hf_cfgen.modeling.decoding import legal_transitions
from hf_cfgen.modeling.word_tokenizer import word_tokenizer
from hf_cfgen.modeling.word_vectors import load_vectors
from hf_cfgen.utils.text import token_offsets

from ..taggers import LABELS, predict_probabilities, tiny_lstm

SENTENCES = [["Ada", "met", "Bo"], ["Bo", "left"]]
VECTORS = {"Ada": np.array([1, 2], np.float32), "Rome": np.array([3, 6], np.float32)}


def test_a_saved_and_reloaded_tagger_predicts_the_same_words(tmp_path):
    model, tokenizer = tiny_lstm(SENTENCES, num_hidden_layers=2)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded, reloaded = (
        AutoModelForTokenClassification.from_pretrained(tmp_path),
        AutoTokenizer.from_pretrained(tmp_path),
    )
    assert isinstance(loaded, LSTMTagger)
    assert loaded.config.id2label == dict(enumerate(LABELS))
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())
    sentences = [["Ada", "saw", " ", "Bo", ""], ["left"]]
    for one, other in zip(
        predict_probabilities(model, tokenizer, sentences), predict_probabilities(loaded, reloaded, sentences)
    ):
        np.testing.assert_allclose(one, other, atol=1e-7)


def run_on(folder: Path, code: str) -> str:
    """The output of another process that gets the folder of a tagger."""
    model, tokenizer = tiny_lstm([["北", "京"]], freeze_embeddings=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    environment = {**os.environ, "HF_MODULES_CACHE": str(folder / "modules")}
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_another_process_loads_it_by_the_auto_class_once_modeling_is_imported(tmp_path):
    code = (
        "import sys, hf_cfgen.modeling; from transformers import pipeline;"
        "print([word['word'] for word in pipeline('token-classification', sys.argv[1], ignore_labels=[])('北京 北')])"
    )
    assert run_on(tmp_path, code) == "['北', '京', ' ', '北']\n"


def test_a_process_without_this_package_loads_it_from_the_code_that_is_saved_with_it(tmp_path):
    code = (
        "import sys; sys.modules['hf_cfgen'] = None\n"  # importing it raises
        "from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline\n"
        "folder, trusted = sys.argv[1], {'trust_remote_code': True}\n"
        "model = AutoModelForTokenClassification.from_pretrained(folder, **trusted)\n"
        "ids = AutoTokenizer.from_pretrained(folder, **trusted)('北京', return_tensors='pt')\n"
        "print(model(**ids).logits[0].tolist(), model.word_embeddings.weight.requires_grad)\n"
        "print([word['word'] for word in pipeline('ner', folder, ignore_labels=[], **trusted)('京北')])\n"
        "model.save_pretrained(folder + '/again')\n"
    )
    logits, words = run_on(tmp_path, code).splitlines()
    model, tokenizer = tiny_lstm([["北", "京"]])
    assert logits == f"{model(**tokenizer('北京', return_tensors='pt')).logits[0].tolist()} False"
    assert words == "['京', '北']"
    assert {path.name for path in (tmp_path / "again").iterdir()} == {
        "config.json",
        "crf.py",
        "lstm.py",
        "model.safetensors",
    }


def test_a_stock_pipeline_joins_characters_without_blanks():
    model, tokenizer = tiny_lstm([["北", "京", "雨"]])
    with torch.no_grad():
        model.head[-1].weight.zero_()
        model.head[-1].bias.copy_(torch.tensor([0.0, 0.0, 0.0, 0.0, 9.0]))
    tagger = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple")
    (group,) = tagger("北京雨")
    assert (group["word"], group["entity_group"], group["start"], group["end"]) == ("北京雨", "LOC", 0, 3)


def test_the_character_tokenizer_has_an_id_for_every_character_and_a_word_one_for_every_word():
    characters = word_tokenizer(["a", " ", "é", "\n"])
    assert characters("a é\nb")["input_ids"] == [2, 3, 4, 5, 1]
    assert characters(["é", "ab", " "], is_split_into_words=True).word_ids() == [0, 1, 1, 2]
    words = word_tokenizer(["20\u00a0000", "in"])
    assert words(["in", "20\u00a0000"], is_split_into_words=True)["input_ids"] == [3, 2]
    words = word_tokenizer(["New", "York"])
    assert words("New  York x")["input_ids"] == [2, 3, 1]
    assert words.convert_tokens_to_ids(["[PAD]", "[UNK]"]) == [0, 1]
    assert words.get_vocab() == {"[PAD]": 0, "[UNK]": 1, "New": 2, "York": 3}


def test_a_tokenizer_of_words_splits_text_into_words_at_every_code_point():
    tokenizer = word_tokenizer(["ab", "."]).backend_tokenizer.pre_tokenizer
    # Python's table of Unicode is older than the tokenizer's: code points without a category differ
    known = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    assert len(known) > 280_000
    for begin in range(0, len(known), 10_000):
        text = "".join(f"a{code}b.{code}\u0301a {code}1" for code in known[begin : begin + 10_000])
        assert [offsets for _, offsets in tokenizer.pre_tokenize_str(text)] == token_offsets(text, "words")


def test_a_stock_pipeline_splits_text_into_the_words_of_training(tmp_path):
    training = ["I", "met", "Barack", "Obama", ",", "in", "London", "."]
    at_blanks = ["I", "met", "Barack", "Obama,", "in", "London."]
    for tokens, expected in ((training, training), ([*training, "don't"], at_blanks)):
        model, tokenizer = tiny_lstm([tokens])
        model.save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        tagger = pipeline("token-classification", str(tmp_path), ignore_labels=[])
        text = "I met Barack Obama, in London."
        words = tagger(text)
        assert [text[word["start"] : word["end"]] for word in words] == expected
        known = [word if word in tokens else "[UNK]" for word in expected]
        assert tagger.tokenizer.convert_ids_to_tokens(tagger.tokenizer(text)["input_ids"]) == known
        # words that are given as such are never split
        ids = tagger.tokenizer(tokens, is_split_into_words=True)["input_ids"]
        assert tagger.tokenizer.convert_ids_to_tokens(ids) == tokens
        assert tagger.model.config.text_unit == "words"


def test_vectors_are_read_alike_from_text_and_binary(tmp_path):
    expected = {"a": [0.5, -1.0], " ": [1.0, 2.0], "北": [0.25, 1e-3]}
    text = tmp_path / "text.bin"
    text.write_text("3 2\n" + "".join(f"{token} {x} {y}\n" for token, (x, y) in expected.items()), encoding="utf-8")
    binary = tmp_path / "binary.vec"
    # word2vec writes a line end behind each vector; a blank as a token can't stand in its binary format
    tokens = {token.replace(" ", "_"): vector for token, vector in expected.items()}
    binary.write_bytes(
        b"3 2\n" + b"".join(token.encode() + b" " + struct.pack("<2f", *v) + b"\n" for token, v in tokens.items())
    )
    for path, keys in ((text, expected), (binary, tokens)):
        loaded = load_vectors(path)
        assert list(loaded) == list(keys)
        np.testing.assert_allclose(np.stack(list(loaded.values())), list(expected.values()), rtol=1e-6)
        assert all(vector.dtype == np.float32 for vector in loaded.values())


def test_of_a_repeated_token_the_first_vector_counts(tmp_path):
    path = tmp_path / "v.vec"
    path.write_text("3 1\na 1\nb 2\na 3\n")
    assert {token: float(vector[0]) for token, vector in load_vectors(path).items()} == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a 1 2\nb 1 2\n", r"v.vec:1: the header of a word2vec file is 'COUNT DIMENSIONS'"),
        (b"2 2\na 1 2\nb 1\n", r"v.vec:3: 2 numbers expected after the token"),
        (b"2 2\na 1 2\nb 1 x\n", r"v.vec:3: 2 numbers expected after the token"),
        (b"2 2\na " + bytes(8) + b"\nb \0\0", r"v.vec: vector 2 of 2 is cut off"),
        (b"", r"v.vec:1: the header"),
    ],
)
def test_a_bad_file_of_vectors_is_one_error(tmp_path, content, message):
    path = tmp_path / "v.vec"
    path.write_bytes(content)
    with pytest.raises(CfgenError, match=message):
        load_vectors(path)
    with pytest.raises(CfgenError, match=r"missing.vec: no such file"):
        load_vectors(tmp_path / "missing.vec")


def test_a_tagger_starts_from_the_vectors_and_unknown_tokens_from_their_mean():
    model, tokenizer = lstm_tagger(SENTENCES, LABELS, VECTORS, hidden_size=4)
    weight = model.get_input_embeddings().weight
    vocabulary = tokenizer.get_vocab()
    assert weight.shape == (2 + 4 + 1, 2)  # padding, unknown, 4 words of the sentences, and Rome
    assert weight[vocabulary["Ada"]].tolist() == [1, 2]
    assert weight[vocabulary["Rome"]].tolist() == [3, 6]
    assert weight[vocabulary["[UNK]"]].tolist() == [2, 4] == weight[vocabulary["met"]].tolist()
    assert weight[vocabulary["[PAD]"]].tolist() == [0, 0]


def test_without_vectors_an_unknown_token_has_zeros():
    model, tokenizer = tiny_lstm(SENTENCES)
    norms = model.get_input_embeddings().weight.norm(dim=1)
    assert [tokenizer.convert_ids_to_tokens(i) for i in (norms == 0).nonzero().flatten().tolist()] == [
        "[PAD]",
        "[UNK]",
    ]


def test_frozen_vectors_stay_frozen_after_loading(tmp_path):
    for frozen in (True, False):
        model, _ = lstm_tagger(SENTENCES, LABELS, VECTORS, hidden_size=4, freeze_embeddings=frozen)
        model.save_pretrained(tmp_path)
        loaded = LSTMTagger.from_pretrained(tmp_path)
        for tagger in (model, loaded):
            assert tagger.get_input_embeddings().weight.requires_grad is not frozen
            assert tagger.head[0].weight.requires_grad


def test_a_tagger_takes_only_the_vectors_that_it_can_use():
    vectors = {"北": np.zeros(2, np.float32), " ": np.ones(2, np.float32), "北京": np.ones(2, np.float32)}
    _, tokenizer = lstm_tagger([["北", "雨"]], LABELS, vectors, hidden_size=4)
    assert set(tokenizer.get_vocab()) == {"[PAD]", "[UNK]", "北", "雨", " "}
    _, tokenizer = lstm_tagger([["北", "下雨"]], LABELS, vectors, hidden_size=4)
    assert "北京" in tokenizer.get_vocab()
    vectors = {"Ada": np.zeros(2, np.float32), "Bo's": np.ones(2, np.float32)}
    _, tokenizer = lstm_tagger([["Ada", "sings"]], LABELS, vectors, hidden_size=4)
    assert set(tokenizer.get_vocab()) == {"[PAD]", "[UNK]", "Ada", "sings"}
    _, tokenizer = lstm_tagger([["Ada", "don't"]], LABELS, vectors, hidden_size=4)
    assert set(tokenizer.get_vocab()) == {"[PAD]", "[UNK]", "Ada", "don't", "Bo's"}
    vectors = {"北": np.zeros(2, np.float32)}
    with pytest.raises(CfgenError, match=r"no train token has a pretrained vector"):
        lstm_tagger([["Ada"]], LABELS, vectors)


def test_the_forward_pass_is_that_of_its_parts():
    model, _ = tiny_lstm(SENTENCES, crf=False)
    ids = torch.tensor([[2, 3, 4]])
    hidden, _ = model.lstm(model.word_embeddings(ids))
    linear, prelu, _, out = model.head
    logits = out(prelu(linear(hidden)))
    labels = torch.tensor([[1, -100, 0]])
    output = model(ids, labels=labels)
    assert torch.allclose(output.logits, logits, atol=1e-6)
    expected = -(logits[0, 0].log_softmax(-1)[1] + logits[0, 2].log_softmax(-1)[0]) / 2
    assert output.loss.item() == pytest.approx(expected.item(), abs=1e-6)
    assert torch.allclose(model(inputs_embeds=model.word_embeddings(ids)).logits, logits, atol=1e-6)
    assert len(model(ids, return_dict=False)) == 1


def test_with_a_crf_the_logits_are_log_marginals_and_the_loss_is_per_known_label():
    model, _ = tiny_lstm(SENTENCES)
    plain, _ = tiny_lstm(SENTENCES, crf=False)
    plain.load_state_dict({name: values for name, values in model.state_dict().items() if "crf" not in name})
    ids = torch.tensor([[2, 3, 4], [3, 4, 0]])
    mask, labels = ids > 0, torch.tensor([[1, -100, 0], [0, 1, -100]])
    emissions = plain(ids, mask.int()).logits
    expected, likelihood = model.crf(emissions, mask, labels)
    output = model(ids, mask.int(), labels=labels)
    assert torch.allclose(output.logits, expected) and torch.allclose(expected.exp().sum(-1)[mask], torch.ones(5))
    assert output.loss.item() == pytest.approx(-likelihood.item() / 4)
    assert model(ids, mask.int(), labels=labels, num_items_in_batch=8).loss.item() == pytest.approx(
        -likelihood.item() / 8
    )


def test_a_crf_is_saved_with_its_barred_transitions(tmp_path):
    model, _ = tiny_lstm(SENTENCES)
    torch.nn.init.normal_(model.crf.transitions)
    assert model.crf.legal.tolist() == legal_transitions(LABELS, "IOB2").tolist() and not model.crf.legal.all()
    model.save_pretrained(tmp_path)
    loaded = LSTMTagger.from_pretrained(tmp_path)
    assert torch.equal(loaded.crf.legal, model.crf.legal) and torch.equal(
        loaded.crf.transitions, model.crf.transitions
    )
    model, _ = tiny_lstm(SENTENCES, tagging_scheme="IOB1")
    assert model.crf.legal.tolist() == legal_transitions(LABELS, "IOB1").tolist()


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [[3], [5, 1, 2], [9, 2, 7, 7, 1, 3, 8, 5, 6, 4, 2, 9, 1, 1, 6, 2, 3, 5, 4, 7, 8]])
def test_hidden_states_and_gradients_are_those_of_packed_sequences(layers, lengths):
    model, _ = tiny_lstm(SENTENCES, num_hidden_layers=layers, dropout=0.0)
    model.eval()
    lengths = torch.tensor(lengths)
    positions = int(lengths.max()) + 1  # one of padding alone
    inputs = torch.randn(len(lengths), positions, 6, generator=torch.Generator().manual_seed(5), requires_grad=True)
    packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(model.lstm(packed)[0], batch_first=True, total_length=positions)
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(6))
    of = [inputs, *model.lstm.parameters()]
    gradients = torch.autograd.grad((expected * weights).sum(), of)
    hidden = model._hidden(inputs, lengths)
    torch.testing.assert_close(hidden, expected, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(torch.autograd.grad((hidden * weights).sum(), of), gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("crf", [True, False])
def test_in_bfloat16_it_computes_the_same_but_for_rounding(crf):
    model, _ = tiny_lstm(SENTENCES, crf=crf)
    ids = torch.tensor([[2, 3, 4], [3, 4, 0], [4, 0, 0]])
    mask = (ids > 0).int()
    expected = model(ids, mask).logits[mask.bool()].softmax(-1)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(ids, mask).logits[mask.bool()]
    assert logits.dtype == torch.bfloat16 and 0 < (logits.softmax(-1) - expected).abs().max() < 0.005 < expected.std()


@pytest.mark.parametrize("rows", [1, 9])
def test_rows_of_padding_alone_get_logits_and_leave_the_others_as_they_are(rows):
    model, tokenizer = tiny_lstm(SENTENCES)
    ids = torch.tensor([tokenizer.convert_tokens_to_ids(SENTENCES[0])])
    expected = model(input_ids=ids).logits[0]
    padding = torch.zeros(rows, 3, dtype=torch.long)
    assert model(input_ids=padding, attention_mask=padding).logits.isfinite().all()
    both, mask = torch.cat([ids, padding]), torch.cat([torch.ones_like(ids), padding])
    torch.testing.assert_close(model(input_ids=both, attention_mask=mask).logits[0], expected)


def test_dropout_between_layers_is_of_training_alone():
    model, _ = tiny_lstm(SENTENCES, num_hidden_layers=2, dropout=0.5)
    inputs, lengths = torch.randn(2, 3, 6), torch.tensor([3, 2])
    still = model.eval()._hidden(inputs, lengths)
    assert torch.equal(model._hidden(inputs, lengths), still)
    one, other = (model.train()._hidden(inputs, lengths) for _ in range(2))
    assert not torch.allclose(one, other)
    assert not torch.allclose(one, still)


def test_dropout_applies_to_the_embeddings_and_to_what_the_head_reads():
    model, _ = tiny_lstm(SENTENCES, dropout=0.25)
    sizes = []
    model.dropout.register_forward_hook(lambda module, args, output: sizes.append(output.shape[-1]))
    model.train()(torch.tensor([[2, 3, 4]]))
    assert sizes == [6, 2 * 8]  # embeddings, and the hidden states of both directions


def test_the_first_layers_of_a_pretrained_model_are_kept(minilm):
    whole, tokenizer = pretrained_tagger(minilm, LABELS)
    cut, _ = pretrained_tagger(minilm, LABELS, num_layers=2)
    assert (whole.config.num_hidden_layers, cut.config.num_hidden_layers) == (6, 2)
    assert cut.config.id2label == dict(enumerate(LABELS))
    parameters = dict(whole.named_parameters())
    kept = [name for name, value in cut.named_parameters() if name in parameters and "classifier" not in name]
    assert len(kept) == 5 + 2 * 16
    assert all(torch.equal(parameters[name], value) for name, value in cut.named_parameters() if name in kept)
    inputs = tokenizer("one two", return_tensors="pt")
    hidden = whole.eval().bert(**inputs, output_hidden_states=True).hidden_states[2]
    assert torch.allclose(cut.eval().bert(**inputs).last_hidden_state, hidden, atol=1e-5)


def test_a_tagger_of_other_labels_gets_a_fresh_head(minilm, tmp_path):
    model, tokenizer = pretrained_tagger(minilm, ["O", "B-X"], num_layers=1)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    other, _ = pretrained_tagger(tmp_path, LABELS)
    assert other.classifier.weight.shape[0] == 5 and other.config.id2label == dict(enumerate(LABELS))
    assert torch.equal(other.bert.embeddings.word_embeddings.weight, model.bert.embeddings.word_embeddings.weight)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CfgenError, match=r"no model at "):
        pretrained_tagger(tmp_path, LABELS)


def test_a_missing_model_and_too_many_layers_are_errors(minilm):
    with pytest.raises(CfgenError, match=r"no model at 'nowhere/at-all'"):
        pretrained_tagger("nowhere/at-all", LABELS)
    with pytest.raises(CfgenError, match=r"--num_layers is 9: .* has 6 layers, give 1 to 6"):
        pretrained_tagger(minilm, LABELS, num_layers=9)
