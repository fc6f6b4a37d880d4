"""The pipeline on raw text: words, mentions and their offsets."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset, DatasetDict
from transformers import pipeline
from transformers.pipelines.pt_utils import KeyDataset

from hf_cfgen import CfgenError, DiscriminatorPipeline, load_ner_dataset
from hf_cfgen.causal.interventions import intervened_predictions
from hf_cfgen.data.columns import tag_column, tag_names
from hf_cfgen.evaluation.scores import evaluate_tagger
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.tagging.scoring import ner_scores
from hf_cfgen.tagging.spans import Span, spans_to_tags, tags_to_spans
from hf_cfgen.training.config import ModelOptions, TaggerTrainingArguments
from hf_cfgen.training.taggers import create_tagger, train_tagger

from ..taggers import lexicon_tagger, tiny_bert, wordpiece_tokenizer

READER = {"Ada": "B-PER", "Byron": "I-PER", "Rome": "B-LOC", "York": "I-PER"}
TEXT = "Ada  Byron met\nRome, didn't she?"
# the lexicon's logits: 4 for the word's own tag, 1 for O, 0 for the 3 others
TOTAL = math.exp(4) + math.exp(1) + 3
OWN, OTHER = math.exp(4) / TOTAL, math.exp(1) / (math.exp(1) + 4)


@pytest.fixture
def reader() -> DiscriminatorPipeline:
    return as_discriminator(*lexicon_tagger(READER, ["met", ","]))


def with_scores(answers: list[dict[str, Any]], *scores: float) -> list[dict[str, Any]]:
    """The answers without their scores, which are checked."""
    assert [answer["score"] for answer in answers] == pytest.approx(scores, abs=1e-6)
    assert all(type(answer["score"]) is float for answer in answers)
    return [{name: value for name, value in answer.items() if name != "score"} for answer in answers]


def test_a_text_gives_its_words_and_where_they_are(reader):
    answers = reader("Ada  met\nRome,")
    assert list(answers[0]) == ["entity", "score", "index", "word", "start", "end"]
    assert with_scores(answers, OWN, OTHER, OWN, OTHER) == [
        {"entity": "B-PER", "index": 0, "word": "Ada", "start": 0, "end": 3},
        {"entity": "O", "index": 1, "word": "met", "start": 5, "end": 8},
        {"entity": "B-LOC", "index": 2, "word": "Rome", "start": 9, "end": 13},
        {"entity": "O", "index": 3, "word": ",", "start": 13, "end": 14},
    ]


def test_a_text_gives_its_mentions_and_where_they_are(reader):
    answers = reader(TEXT, aggregation_strategy="simple")
    assert list(answers[0]) == ["entity_group", "score", "word", "start", "end"]
    assert with_scores(answers, OWN, OWN) == [
        {"entity_group": "PER", "word": "Ada  Byron", "start": 0, "end": 10},
        {"entity_group": "LOC", "word": "Rome", "start": 15, "end": 19},
    ]


def test_words_give_mentions_with_the_positions_of_words(reader):
    words = ["met", "Ada", "Byron", ",", "Rome"]
    answers = reader([words], aggregation_strategy="simple")
    assert with_scores(answers[0], OWN, OWN) == [
        {"entity_group": "PER", "word": "Ada Byron", "start": 1, "end": 3},
        {"entity_group": "LOC", "word": "Rome", "start": 4, "end": 5},
    ]
    chinese = as_discriminator(*lexicon_tagger({"北": "B-LOC", "京": "I-LOC"}, ["在"]))
    assert with_scores(chinese([["在", "北", "京"]], "simple")[0], OWN) == [
        {"entity_group": "LOC", "word": "北京", "start": 1, "end": 3}
    ]


def test_the_score_of_a_mention_is_the_smallest_of_its_words():
    judge = as_discriminator(*lexicon_tagger({"Ada": "B-PER"}, ["met"]))
    # the label of other words is I-PER
    judge.model.config.id2label = {0: "I-PER", 1: "B-PER", 2: "O", 3: "B-LOC", 4: "I-LOC"}
    judge.model.config.label2id = {label: i for i, label in judge.model.config.id2label.items()}
    answers = judge("Ada met", "simple")
    assert with_scores(answers, min(OWN, OTHER)) == [{"entity_group": "PER", "word": "Ada met", "start": 0, "end": 7}]


def test_strings_are_texts_or_words_and_lists_of_strings_are_words(reader):
    one, other = reader(TEXT), reader("met Ada")
    assert reader([TEXT, "met Ada"]) == [one, other]
    assert reader(text for text in [TEXT, "met Ada"]) == [one, other]
    assert reader(KeyDataset(Dataset.from_dict({"text": [TEXT, "met Ada"]}), "text")) == [one, other]
    words = [word["word"] for word in other]
    in_words = [word | {"start": word["index"], "end": word["index"] + 1} for word in other]
    assert reader(words, is_split_into_words=True) == in_words
    assert reader([words]) == reader([words], is_split_into_words=True) == [in_words]
    assert reader([words, ["Ada"]]) == [in_words, reader(["Ada"], is_split_into_words=True)]
    assert reader([tuple(words)]) == [in_words]
    assert len(reader(words)) == 2  # two texts of one word


def test_the_options_of_the_pipeline_hold_unless_a_call_has_its_own(tmp_path):
    model, tokenizer = lexicon_tagger(READER, ["met"])
    options = {"model": model, "tokenizer": tokenizer, "aggregation_strategy": "simple", "is_split_into_words": True}
    made = pipeline("word-classification", **options)
    words = ["Ada", "met"]
    assert [mention["word"] for mention in made(words)] == ["Ada"]
    assert [word["word"] for word in made(words, aggregation_strategy="none")] == words
    assert [[m["word"] for m in mentions] for mentions in made(words, is_split_into_words=False)] == [["Ada"], []]


@pytest.mark.parametrize(
    ("unit", "text", "words"),
    [
        ("characters", "在 北京", ["在", " ", "北", "京"]),
        ("words", "in 北京, x", ["in", "北京", ",", "x"]),
        ("whitespace", "don't,\u00a0x go", ["don't,\u00a0x", "go"]),
        (None, "在 北京", ["在", " ", "北", "京"]),
        (None, "in 北京, oh", ["in", "北京", ",", "oh"]),
    ],
)
def test_text_is_split_as_the_model_says_or_by_its_script(unit, text, words):
    model, tokenizer = lexicon_tagger(READER)
    model.config.text_unit = unit
    answers = as_discriminator(model, tokenizer)(text)
    assert [word["word"] for word in answers] == words
    assert [text[word["start"] : word["end"]] for word in answers] == words


def test_offsets_count_code_points_beside_emoji_and_combining_marks(reader):
    text = "👩\u200d🔬 e\u0301 Ada\u0301 — Ada\n👍🏽Rome\ufe0f 🇮🇹Rome"
    mentions = reader(text, "simple")
    found = [(mention["word"], mention["start"]) for mention in mentions]
    # Ada and Rome with a mark are words that the tagger does not know
    assert found == [("Ada", text.index("— Ada") + 2), ("Rome", len(text) - 4)]
    assert all(text[mention["start"] : mention["end"]] == mention["word"] for mention in mentions)


@pytest.mark.parametrize("strategy", ["none", "simple"])
def test_empty_texts_and_sentences_give_nothing(reader, strategy):
    reader = pipeline(
        "word-classification", model=reader.model, tokenizer=reader.tokenizer, aggregation_strategy=strategy
    )
    assert reader("") == reader(" \n") == reader([]) == reader([], is_split_into_words=True) == []
    first, second, third = reader(["", "Ada", " "])
    assert (first, len(second), third) == ([], 1, [])
    assert reader([[], ["Ada"]])[0] == []


def test_words_that_the_model_does_not_see_are_in_no_mention():
    model, tokenizer = lexicon_tagger(READER, ["met"])
    tokenizer.model_max_length = 2
    judge = as_discriminator(model, tokenizer, stride=None)
    assert [word["entity"] for word in judge("met Ada Byron")] == ["O", "B-PER", None]
    assert judge("met Ada Byron")[2]["score"] == 0.0
    assert [mention["word"] for mention in judge("met Ada Byron", "simple")] == ["Ada"]
    assert [mention["word"] for mention in judge("met Ada Byron", "simple", stride=1)] == ["Ada Byron"]


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (None, {}, "NoneType is not a sentence: give a text, a list of texts, or a list of sentences in words"),
        (b"Ada", {}, "bytes is not a sentence: give a text"),
        ({"text": "Ada"}, {}, "dict is not a sentence: give a text"),
        ([{"text": "Ada"}], {}, "dict is not a sentence: give a text"),
        ([3], {}, "int is not a sentence: give a text"),
        ([["Ada", 3]], {}, "3 is not a word: give words as strings"),
        ([["Ada", ["met"]]], {}, r"\['met'\] is not a word: give words as strings"),
        (["Ada met", ["Ada"]], {}, "texts and sentences in words are mixed: give a list of either"),
        (["Ada", ["Ada"]], {"is_split_into_words": True}, "texts and sentences in words are mixed"),
        ("Ada met", {"is_split_into_words": True}, "is_split_into_words is set, but 'Ada met' is a text: give a list"),
        (["Ada", "a\ud83d"], {}, "sentence 1 has half of a surrogate pair at 1: correct it"),
        ([["Ada", "a\ud83d"]], {}, "sentence 0 has half of a surrogate pair at 4: correct it"),
        ("Ada", {"aggregation_strategy": "first"}, "unknown aggregation_strategy 'first': choose 'none', for words,"),
    ],
)
def test_wrong_inputs_are_one_line(reader, inputs, options, message):
    with pytest.raises(CfgenError, match=f"^{message}") as raised:
        reader(inputs, **options)
    assert "\n" not in str(raised.value)


def test_a_model_that_cannot_give_mentions_or_words_is_an_error_when_the_pipeline_is_made():
    model, tokenizer = tiny_bert(9, ["O", "PER"]), wordpiece_tokenizer(["Ada"])
    options = {"model": model, "tokenizer": tokenizer}
    assert len(pipeline("word-classification", **options)("Ada met")) == 2
    with pytest.raises(CfgenError, match=r"^labels of BertForTokenClassification are no tags: tag 'PER'"):
        pipeline("word-classification", aggregation_strategy="simple", **options)
    model.config.text_unit = "sentences"
    with pytest.raises(CfgenError, match=r"^unknown text_unit 'sentences' .*: choose one of characters, words,"):
        pipeline("word-classification", **options)


def as_text(words: list[str]) -> str:
    """Words as text is written, without blanks before marks and between characters."""
    if all(len(word) == 1 for word in words):
        return "".join(words)
    return re.sub(r" (?=[,.;:!?])", "", " ".join(words))


def trained(data: DatasetDict, folder: Path, model: str) -> None:
    """A saved LSTM after some steps, or a BERT before any."""
    if model == "bert":
        beginnings = {word[:2] for tokens in data["train"]["tokens"] for word in tokens}
        tokenizer = wordpiece_tokenizer([*sorted(beginnings), *(f"##{letter}" for letter in "aeinrst")])
        tiny = tiny_bert(len(tokenizer), tag_names(data["train"]))
        tiny.save_pretrained(folder / "start")
        tokenizer.save_pretrained(folder / "start")
        made = create_tagger(ModelOptions(model=str(folder / "start")), data)
    else:
        arguments = TaggerTrainingArguments(
            str(folder), max_steps=60, learning_rate=2e-2, use_cpu=True, disable_tqdm=True, seed=1
        )
        options = ModelOptions(hidden_size=32)
        tagger, _ = train_tagger(options, data, data["train"], None, arguments, folder / "checkpoints")
        made = tagger.model, tagger.tokenizer
    for part in made:
        part.save_pretrained(folder)


@pytest.mark.parametrize(("corpus", "model"), [("demo:en", "lstm"), ("demo:zh", "lstm"), ("demo:en", "bert")])
def test_text_and_words_give_the_mentions_that_were_scored(corpus, model, tmp_path):
    torch.manual_seed(0)
    data = load_ner_dataset(corpus, num_train_examples=60)
    trained(data, tmp_path, model)
    tagger = pipeline("word-classification", str(tmp_path), aggregation_strategy="simple")
    sentences, gold = list(data["test"]["tokens"]), tag_column(data["test"])
    scored = intervened_predictions(tagger, sentences, gold)["predictions"]
    expected = [tags_to_spans(tags) for tags in scored]
    assert sum(map(len, expected)) > 100

    in_words = tagger(sentences)
    assert [[Span(m["start"], m["end"], m["entity_group"]) for m in found] for found in in_words] == expected
    texts = list(map(as_text, sentences))
    in_text = tagger(texts)
    predicted = []
    for text, words, found in zip(texts, tagger(texts, aggregation_strategy="none"), in_text):
        assert all(text[mention["start"] : mention["end"]] == mention["word"] for mention in found)
        starts, ends = ({word[side]: word["index"] for word in words} for side in ("start", "end"))
        spans = [Span(starts[m["start"]], ends[m["end"]] + 1, m["entity_group"]) for m in found]
        predicted.append(spans_to_tags(spans, len(words)))
    assert [tags_to_spans(tags) for tags in predicted] == expected
    assert ner_scores(gold, predicted).strict.f1 == evaluate_tagger(tagger, data["test"]).test.strict.f1
    for one, other in zip(in_text, in_words):
        assert [m["score"] for m in one] == pytest.approx([m["score"] for m in other], abs=1e-6)

    for size in (1, 7, 1000):
        again = tagger(texts, batch_size=size)
        for one, other in zip(again, in_text):
            assert with_scores(one, *[m["score"] for m in other]) == with_scores(other, *[m["score"] for m in other])
    assert [tagger(text) for text in texts[:3]] == [tagger([text])[0] for text in texts[:3]]
