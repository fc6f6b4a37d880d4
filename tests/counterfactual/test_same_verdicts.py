"""Windows, verdicts and scores of the flat arrays are those of plain loops over words, row by row."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from hf_cfgen import CfgenConfig, CfgenError, Discriminate, Span, generate_counterfactuals, load_ner_dataset
from hf_cfgen.counterfactual.discrimination import rejection_reasons
from hf_cfgen.data.columns import tag_column, tag_names
from hf_cfgen.modeling.encoding import WordEncoder
from hf_cfgen.modeling.inference import BATCH_TOKENS, batches
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.tagging.span_table import SpanTable
from hf_cfgen.tagging.spans import SCHEMES, scheme_tags, tags_to_spans

from .. import plain_discriminator as plain
from ..taggers import encode_words, tiny_bert, tiny_lstm, wordpiece_tokenizer

fast = settings(max_examples=150, deadline=None)
WORDS = ["a", "bx", "cxyx", " ", "", "newxxyx", "never", "[SEP]", "\u200b"]


def byte_level() -> PreTrainedTokenizerFast:
    vocabulary = ["<unk>", "<s>", "</s>", "<pad>", "a", "b", "x", "\u0120", "\u0120a", "\u0120b", "new", "\u0120new"]
    merges = [("\u0120", "a"), ("\u0120", "b")]
    backend = Tokenizer(models.BPE({piece: i for i, piece in enumerate(vocabulary)}, merges, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


def metaspace() -> PreTrainedTokenizerFast:
    pieces = ["<unk>", "<cls>", "<sep>", "\u2581", "\u2581a", "\u2581b", "x", "a", "new", "y"]
    backend = Tokenizer(models.Unigram([(piece, -1.0 - i / 10) for i, piece in enumerate(pieces)], unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    # XLNet's way: both special tokens behind, and one of them of another type
    backend.post_processor = processors.TemplateProcessing(
        single="$A:0 <sep>:0 <cls>:2", special_tokens=[("<sep>", 2), ("<cls>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="<unk>",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


@pytest.fixture(scope="module", params=["wordpiece", "characters", "byte level", "metaspace", "minilm"])
def tokenizer(request, minilm) -> Any:
    return {
        "wordpiece": lambda: wordpiece_tokenizer(["a", "b", "c", "##x", "##y", "new"]),
        "characters": lambda: tiny_lstm([["a", "bx", "newx"]])[1],
        "byte level": byte_level,
        "metaspace": metaspace,
        "minilm": lambda: AutoTokenizer.from_pretrained(minilm),
    }[request.param]()


@fast
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=14), max_size=4),
    st.one_of(st.none(), st.integers(5, 12)),
    st.one_of(st.none(), st.integers(0, 2)),
)
def test_windows_are_those_that_the_tokenizer_cuts(tokenizer, sentences, length, stride):
    assert encode_words(tokenizer, sentences, length, stride) == plain.encode_words(
        tokenizer, sentences, length, stride
    )


def test_an_encoder_that_has_seen_words_encodes_them_as_a_new_one(tokenizer):
    encoder = WordEncoder(tokenizer)
    for sentences in ([["a", "", "newx"]], [["b", "a"], [], [" ", "newx", "cx"]], [["a"]]):
        seen, new = encoder.encode(sentences), WordEncoder(tokenizer).encode(sentences)
        everything = np.arange(len(seen))
        for name, values in seen.pad(everything)[0].items():
            assert np.array_equal(values, new.pad(everything)[0][name])
        assert np.array_equal(seen.position, new.position)


def test_an_encoder_goes_on_after_a_word_that_it_can_not_encode():
    tokenizer = wordpiece_tokenizer(["a"])
    tokenizer.unk_token = None
    encoder = WordEncoder(tokenizer)
    for _ in range(2):
        with pytest.raises(CfgenError, match=r"word ' ' yields no sub-word and the tokenizer has no unknown token"):
            encoder.encode([["a", " "]])
    windows = encoder.encode([["a", "a"]])
    assert windows.pad(np.array([0]))[0]["input_ids"].tolist() == [[2, 4, 4, 3]]


def test_a_forward_pass_takes_the_longest_first_and_no_more_sub_words_than_fit():
    lengths = [1, 600, 340, 600, 6000, 2]
    windows = WordEncoder(wordpiece_tokenizer(["a"]), 10_000).encode([["a"] * length for length in lengths])
    assert BATCH_TOKENS == {"cpu": 1024, "gpu": 16384}
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert [batch.tolist() for batch in batches(windows, cpu)] == [[4], [1], [3], [2, 5, 0]]
    assert [batch.tolist() for batch in batches(windows, gpu)] == [[4, 1], [3, 2, 5, 0]]
    assert [batch.tolist() for batch in batches(windows, cpu, 3)] == [[4, 1, 3], [2, 5, 0]]


def test_half_a_forward_pass_of_windows_that_are_alike_needs_no_padding():
    encoder = WordEncoder(wordpiece_tokenizer(["a"]))
    for alike, expected in ((2, [5, 3]), (3, [3, 5]), (6, [5, 5, 1])):  # 5 of them fit
        sentences = [*[["a"] * 200] * alike, *[["a"] * 199] * 2, *[["a"] * 10] * (8 - alike - 2 if alike < 6 else 3)]
        windows = encoder.encode(sentences)
        assert [len(batch) for batch in batches(windows, torch.device("cpu"))] == expected


LABELS = ["PER", "A-B"]


@st.composite
def judged_rows(draw: st.DrawFn) -> list[tuple[list[Span], list[str], list[bool]]]:
    """Rows of replaced mentions, predicted tags, and whether the words were seen."""
    names = draw(st.sampled_from([scheme_tags(LABELS, scheme) for scheme in SCHEMES]))
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        tags = draw(st.lists(st.sampled_from(names), min_size=1, max_size=8))
        seen = [draw(st.sampled_from([True, True, True, False])) for _ in tags]
        spans = []
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, len(tags) - 1))
            spans.append(
                Span(start, draw(st.integers(start + 1, len(tags))), draw(st.sampled_from([*LABELS, "other"])))
            )
        rows.append((spans, tags, seen))
    return rows


@fast
@given(judged_rows())
def test_verdicts_are_those_of_plain_loops(rows):
    names = sorted({tag for _, tags, _ in rows for tag in tags})
    offsets = np.cumsum([0, *(len(tags) for _, tags, _ in rows)])
    mentions = [
        (i, offsets[i] + s, offsets[i] + e, label) for i, (spans, *_) in enumerate(rows) for s, e, label in spans
    ]
    row, start, end = (np.array([mention[i] for mention in mentions], dtype=int) for i in range(3))
    predicted = np.array([names.index(tag) for _, tags, _ in rows for tag in tags], dtype=int)
    seen = np.array([value for *_, values in rows for value in values], dtype=bool)
    found = rejection_reasons(
        SpanTable(row, start, end, np.arange(len(mentions)), tuple(mention[3] for mention in mentions)),
        *(predicted, names, seen, offsets),
    )
    assert found == [
        plain.verdict(spans, [tag if known else "O" for tag, known in zip(tags, values)], values)
        for spans, tags, values in rows
    ]


@pytest.mark.parametrize("kind", ["bert", "lstm", "bert, first window only", "lstm, windows"])
def test_verdicts_and_scores_of_a_model_are_those_of_plain_loops(kind):
    data = load_ner_dataset("demo:en", num_train_examples=40)["train"]
    names = tag_names(data)
    words = [word for tokens in data["tokens"] for word in tokens]
    if kind.startswith("bert"):
        tokenizer = wordpiece_tokenizer([*dict.fromkeys(words)][::2], 14 if "first" in kind else 512)
        judge = as_discriminator(
            tiny_bert(len(tokenizer), names, initializer_range=0.8), tokenizer, stride=None if "first" in kind else -1
        )
    else:
        model, tokenizer = tiny_lstm(data["tokens"], names)
        with torch.no_grad():  # it would predict O all over
            for parameter in model.parameters():
                parameter.mul_(6)
        tokenizer.model_max_length = 7 if "windows" in kind else 512
        judge = as_discriminator(model, tokenizer)
    # as a config is read from a file where there are more than ten
    judge.model.config.id2label = dict(sorted(judge.model.config.id2label.items(), reverse=True))
    rows = generate_counterfactuals(data, config=CfgenConfig("budget", k=4)).kept

    def among_what_it_predicts(row: dict[str, Any], i: int) -> dict[str, Any]:
        found = tags_to_spans(
            plain.best_tags(plain.predict_probabilities(judge, row["tokens"]), judge.model.config.id2label)
        )
        if not found or i % 3 == 2:
            return row
        start, end, label = found[i % len(found)]
        start -= i % 3 == 1 and start > 0
        return row | {"replaced": [{**row["replaced"][0], "start": start, "end": end, "label": label}]}

    rows = rows.map(among_what_it_predicts, with_indices=True, features=rows.features)
    expected = [plain.discriminate(judge, row, names) for row in rows]
    reasons = {reason for _, reason in expected}
    assert {None, "wrong_boundaries", "wrong_type"} <= reasons and ("truncated" in reasons) == ("first" in kind)
    discriminate = Discriminate(judge, names)
    answers = [
        rows.with_format("arrow").map(discriminate, batched=True, batch_size=50).with_format(None),
        rows.map(discriminate, batched=True, batch_size=50, features=rows.features),
        rows.map(Discriminate(judge, names, batch_size=1), batched=True, batch_size=7, features=rows.features),
    ]
    for made in answers:
        assert made.column_names == rows.column_names and made.features == rows.features
    batch = rows[:]
    batch["ner_tags"] = tag_column(rows)
    for made in (*answers, Discriminate(judge)(batch)):
        assert made["reason"][:] == [reason for _, reason in expected]
        for score, (other, _) in zip(made["score"], expected, strict=True):
            assert score == other is None or score == pytest.approx(other, abs=1e-6)


def test_a_model_in_bfloat16_judges_the_same_but_for_rounding():
    data = load_ner_dataset("demo:en", num_train_examples=40)["train"]
    model, tokenizer = tiny_lstm(data["tokens"], tag_names(data))
    rows = generate_counterfactuals(data, config=CfgenConfig("budget", k=4)).kept

    def judged() -> Any:
        made = rows.map(Discriminate(as_discriminator(model, tokenizer), tag_names(data)), batched=True)
        assert made.features == rows.features
        return np.array(made["score"])

    exact = judged()
    model.to(torch.bfloat16)
    rounded = judged()
    assert 0 < np.abs(rounded - exact).max() < 0.02 and exact.std() > 0.005
