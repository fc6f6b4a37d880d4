"""Verdicts, the pipeline and the transform that judges."""

import json
import math

import numpy as np
import pytest
import torch
from datasets import Dataset, Features, List, Value, concatenate_datasets
from transformers import AutoTokenizer, pipeline
from transformers.pipelines.pt_utils import KeyDataset

from hf_cfgen import CfgenError, Discriminate, DiscriminatorPipeline, Span, generate_counterfactuals
from hf_cfgen.counterfactual.discrimination import rejection_reasons
from hf_cfgen.data.columns import COUNTERFACTUAL_FEATURES, check_labels
from hf_cfgen.modeling.decoding import decode_tags
from hf_cfgen.modeling.pipeline import as_discriminator, weights_digest
from hf_cfgen.tagging.span_table import SpanTable

from ..taggers import LABELS, lexicon_tagger, tiny_bert, tiny_lstm, wordpiece_tokenizer

SEEN = [True] * 6
PER = [Span(1, 3, "PER")]


def verdict(spans: list[Span], tags: list[str], seen: list[bool]) -> str | None:
    """The verdict on one row."""
    starts, ends, labels = zip(*spans)
    names = sorted(set(tags))
    (reason,) = rejection_reasons(
        SpanTable(np.zeros(len(spans), dtype=int), np.array(starts), np.array(ends), np.arange(len(spans)), labels),
        np.array([names.index(tag) for tag in tags]),
        names,
        np.array(seen),
        np.array([0, len(tags)]),
    )
    return reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (["O", "B-PER", "I-PER", "O", "O", "O"], None),
        (["B-LOC", "B-PER", "I-PER", "B-LOC", "O", "B-PER"], None),  # what else is predicted does not matter
        (["O", "B-PER", "O", "O", "O", "O"], "wrong_boundaries"),
        (["B-PER", "I-PER", "I-PER", "O", "O", "O"], "wrong_boundaries"),
        (["O", "B-LOC", "I-PER", "O", "O", "O"], "wrong_boundaries"),  # of the right type before of the wrong one
        (["O", "B-LOC", "I-LOC", "O", "O", "O"], "wrong_type"),
        (["O", "O", "B-LOC", "I-LOC", "O", "O"], "wrong_type"),
        (["B-PER", "O", "O", "B-PER", "O", "O"], "missed"),  # neighbours do not overlap
        (["O", "O", "O", "O", "O", "O"], "missed"),
    ],
)
def test_the_verdict_on_one_mention(tags, reason):
    assert verdict(PER, tags, SEEN) == reason


def test_a_mention_that_was_not_wholly_seen_is_truncated_before_all_else():
    assert verdict(PER, ["O"] * 6, [True, True, False, True, True, True]) == "truncated"
    assert verdict(PER, ["O", "B-PER", "I-PER", "O", "O", "O"], [False, True, True, False, False, False]) is None


def test_of_several_mentions_the_first_reason_that_holds_of_any_is_given():
    both = [Span(0, 1, "PER"), Span(3, 4, "LOC")]
    assert verdict(both, ["B-PER", "O", "O", "B-LOC", "O", "O"], SEEN) is None
    assert verdict(both, ["O", "O", "O", "B-PER", "O", "O"], SEEN) == "wrong_type"
    assert verdict(both, ["B-PER", "I-PER", "O", "O", "O", "O"], SEEN) == "wrong_boundaries"


def candidate(words: list[str], tags: list[str], *spans: Span) -> Dataset:
    replaced = [
        {"start": s, "end": e, "label": label, "original": ["?"], "replacement": words[s:e]} for s, e, label in spans
    ]
    row = {"tokens": [words], "ner_tags": [tags], "source_id": ["a"], "is_counterfactual": [True]}
    row |= {"replaced": [replaced], "score": [None], "reason": [None]}
    strings = List(Value("string"))
    features = Features({"tokens": strings, "ner_tags": strings, **COUNTERFACTUAL_FEATURES})
    return Dataset.from_dict(row, features=features)


def judged(rows: Dataset, judge: DiscriminatorPipeline) -> tuple[str | None, float | None]:
    made = rows.map(Discriminate(judge), batched=True, features=rows.features)
    return made[0]["reason"], made[0]["score"]


READER = {"Ada": "B-PER", "Byron": "I-PER", "Rome": "B-LOC", "York": "I-PER"}


def test_each_reason_on_a_hand_made_case():
    judge = as_discriminator(*lexicon_tagger(READER, ["met", "Bo"]))
    tags = ["O", "B-PER", "I-PER"]
    assert judged(candidate(["met", "Ada", "Byron"], tags, Span(1, 3, "PER")), judge)[0] is None
    assert judged(candidate(["met", "Ada", "Bo"], tags, Span(1, 3, "PER")), judge)[0] == "wrong_boundaries"
    assert judged(candidate(["met", "Rome"], ["O", "B-PER"], Span(1, 2, "PER")), judge)[0] == "wrong_type"
    assert judged(candidate(["met", "Bo"], ["O", "B-PER"], Span(1, 2, "PER")), judge)[0] == "missed"

    model, tokenizer = lexicon_tagger(READER, ["met"])
    tokenizer.model_max_length = 2
    first_window_only = as_discriminator(model, tokenizer, stride=None)
    rows = candidate(["met", "Ada", "Byron"], tags, Span(1, 3, "PER"))
    assert judged(rows, first_window_only) == ("truncated", None)
    assert judged(rows, as_discriminator(model, tokenizer, stride=1))[0] is None


def test_the_score_is_the_smallest_probability_of_the_gold_tag_over_the_replaced_words():
    judge = as_discriminator(*lexicon_tagger(READER, ["met", "Bo"]))
    # the lexicon's logits: 4 for the word's own tag, 1 for O, 0 for the 3 others
    total = math.exp(4) + math.exp(1) + 3
    rows = candidate(["met", "Ada", "Byron"], ["O", "B-PER", "I-PER"], Span(1, 3, "PER"))
    assert judged(rows, judge) == (None, pytest.approx(math.exp(4) / total, abs=1e-6))
    # Bo reads as O: of its 5 labels O has logit 1, the others 0
    rows = candidate(["met", "Ada", "Bo"], ["O", "B-PER", "I-PER"], Span(1, 3, "PER"))
    assert judged(rows, judge) == ("wrong_boundaries", pytest.approx(1 / (math.exp(1) + 4), abs=1e-6))


SENTENCES = [["Ada", "met", "Rome"], ["met"], ["Byron", "York", "met", "Ada"]]


def test_the_pipeline_answers_for_every_word_whatever_holds_the_words():
    judge = as_discriminator(*lexicon_tagger(READER, ["met"]))
    answers = judge(SENTENCES)
    assert [[word["entity"] for word in sentence] for sentence in answers] == [
        ["B-PER", "O", "B-LOC"],
        ["O"],
        ["B-PER", "I-PER", "O", "B-PER"],  # I-PER is more probable for the first word, but not legal there
    ]
    assert [word["word"] for word in answers[0]] == SENTENCES[0]
    assert [word["index"] for word in answers[2]] == [0, 1, 2, 3]
    rows = Dataset.from_dict({"tokens": SENTENCES})
    for inputs in (iter(SENTENCES), (s for s in SENTENCES), KeyDataset(rows, "tokens"), rows["tokens"]):
        assert judge(inputs) == answers
    assert judge(SENTENCES[2], is_split_into_words=True) == answers[2]
    assert judge([]) == []


def test_the_pipeline_can_be_made_by_pipeline_and_reads_real_sub_words(minilm, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    torch.manual_seed(0)
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(minilm, num_labels=3)
    model.config.id2label = {0: "O", 1: "B-PER", 2: "I-PER"}
    model.config.label2id = {"O": 0, "B-PER": 1, "I-PER": 2}
    words = ["@paulwalk", "lives", "", "in", "Llanfairpwllgwyngyll", "\ufe0f", "☃"]
    judge = pipeline(
        "token-classification", model=model, tokenizer=tokenizer, pipeline_class=DiscriminatorPipeline, device="cpu"
    )
    filled = [word if word.strip("\ufe0f") else "[UNK]" for word in words]
    encoding = tokenizer(filled, is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        best = model.eval()(**encoding).logits[0].softmax(-1)
    firsts = [encoding.word_ids().index(i) for i in range(len(words))]
    assert len(encoding.word_ids()) > len(words) + 4
    answers = judge(words, is_split_into_words=True)
    (tags,) = decode_tags([best[firsts].numpy()], model.config.id2label)
    assert [word["entity"] for word in answers] == tags
    scores = [float(best[p, model.config.label2id[tag]]) for p, tag in zip(firsts, tags)]
    assert [word["score"] for word in answers] == pytest.approx(scores, abs=1e-5)


def test_a_stock_pipeline_and_a_folder_make_the_same_discriminator(tmp_path):
    model, tokenizer = tiny_lstm(SENTENCES)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    expected = as_discriminator(model, tokenizer)(SENTENCES)
    stock = pipeline("token-classification", model=model, tokenizer=tokenizer)
    assert as_discriminator(stock)(SENTENCES) == expected
    loaded = as_discriminator(str(tmp_path))
    assert weights_digest(loaded) == weights_digest(as_discriminator(*tiny_lstm(SENTENCES)))
    for sentence, other in zip(loaded(SENTENCES), expected):
        assert [word["entity"] for word in sentence] == [word["entity"] for word in other]
        assert [word["score"] for word in sentence] == pytest.approx([word["score"] for word in other], abs=1e-6)
    assert as_discriminator(loaded) is loaded


def test_a_folder_makes_the_same_pipeline_by_the_name_of_the_task(tmp_path):
    model, tokenizer = lexicon_tagger(READER, ["met"])
    saved, _ = tiny_lstm([[*READER, "met"]])
    saved.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    made = pipeline("word-classification", model=str(tmp_path), device="cpu", stride=None, batch_size=2)
    assert type(made) is DiscriminatorPipeline and made.stride is None
    assert made(SENTENCES) == as_discriminator(str(tmp_path))(SENTENCES, batch_size=2)
    with pytest.raises(CfgenError, match="num_workers has no effect"):
        pipeline("word-classification", model=model, tokenizer=tokenizer, num_workers=2)
    with pytest.raises(TypeError, match="ignore_labels"):
        made(SENTENCES, ignore_labels=["O"])
    made.save_pretrained(tmp_path / "again")
    files = {"config.json", "crf.py", "lstm.py", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in (tmp_path / "again").iterdir()} == files


def test_a_call_answers_what_predict_does_with_the_stride_of_the_call_or_of_the_pipeline():
    model, tokenizer = tiny_lstm([["Ada", "met"]])
    tokenizer.model_max_length = 4
    judge = as_discriminator(model, tokenizer, stride=None)
    sentences = [["Ada", "met"] * 3, [], ["met"]]
    for stride, seen in ((None, [4, 0, 1]), (1, [6, 0, 1])):
        values = judge.predict_probabilities(sentences, stride=stride)
        assert [int((~np.isnan(rows)).all(axis=1).sum()) for rows in values] == seen
        labels = model.config.id2label
        assert judge(sentences, stride=stride) == [
            [
                {"index": i, "word": word, "start": i, "end": i + 1}
                | (
                    {"entity": None, "score": 0.0}
                    if np.isnan(row).any()
                    else {"entity": labels[int(row.argmax())], "score": float(row.max())}
                )
                for i, (word, row) in enumerate(zip(words, rows))
            ]
            for words, rows in zip(sentences, values)
        ]
    assert judge(sentences) == judge(sentences, stride=None) != judge(sentences, stride=1)


def test_the_digest_changes_with_weights_labels_and_vocabulary():
    model, tokenizer = tiny_lstm(SENTENCES)
    first = weights_digest(as_discriminator(model, tokenizer))
    assert weights_digest(as_discriminator(*tiny_lstm(SENTENCES))) == first
    digests = {first}
    with torch.no_grad():
        model.head[0].bias[0] += 1e-3
    digests.add(weights_digest(as_discriminator(model, tokenizer)))
    model.config.id2label = {**model.config.id2label, 1: "B-ORG"}
    digests.add(weights_digest(as_discriminator(model, tokenizer)))
    digests.add(weights_digest(as_discriminator(model, tiny_lstm([["Ada", "Rome"]])[1])))
    tokenizer.model_max_length = 7
    digests.add(weights_digest(as_discriminator(model, tokenizer)))
    for activation in ("gelu", "relu"):
        digests.add(weights_digest(as_discriminator(tiny_bert(9, hidden_act=activation), tokenizer)))
    assert len(digests) == 7
    assert len(weights_digest(as_discriminator(model.to(torch.bfloat16), tokenizer))) == 32


def test_the_cache_is_missed_when_weights_change_and_processes_are_refused(tmp_path):
    rows = candidate(["met", "Ada"], ["O", "B-PER"], Span(1, 2, "PER"))
    rows.save_to_disk(tmp_path / "rows")
    rows = Dataset.load_from_disk(tmp_path / "rows")
    model, tokenizer = tiny_lstm([["met", "Ada"]])

    def fingerprint() -> str:
        return rows.map(Discriminate(as_discriminator(model, tokenizer)), batched=True)._fingerprint

    first = fingerprint()
    assert fingerprint() == first
    without_stride = Discriminate(as_discriminator(model, tokenizer, stride=None))
    assert rows.map(without_stride, batched=True)._fingerprint != first
    with torch.no_grad():
        model.head[0].bias[0] += 1
    assert fingerprint() != first
    with pytest.raises(CfgenError, match=r"call map without num_proc"):
        twice = concatenate_datasets([rows, rows])
        twice.map(Discriminate(as_discriminator(model, tokenizer)), batched=True, num_proc=2)


def test_labels_that_do_not_match_are_errors(tmp_path):
    judge = as_discriminator(*lexicon_tagger(READER))
    with pytest.raises(CfgenError, match=r"the data has tags B-ORG, which the model lacks; it has B-LOC, B-PER"):
        check_labels(judge.model.config.label2id, ["O", "B-ORG"])
    train = Dataset.from_dict({"tokens": [["UN"], ["EU"]], "ner_tags": [["B-ORG"], ["B-ORG"]]})
    with pytest.raises(CfgenError, match=r"tags B-ORG, which the model lacks"):
        generate_counterfactuals(train, judge)
    rows = candidate(["UN"], ["B-ORG"], Span(0, 1, "ORG"))
    with pytest.raises(CfgenError, match=r"tags B-ORG, which the model lacks"):
        Discriminate(judge)(rows[:])
    for labels in (["LABEL_0", "LABEL_1"], ["O", "PER"]):
        with pytest.raises(CfgenError, match=r"labels of .* are no tags: tag .* set config.id2label"):
            as_discriminator(tiny_bert(9, labels), wordpiece_tokenizer(["a"]))
    with pytest.raises(CfgenError, match=r"BertForTokenClassification has no saved tokenizer: pass `tokenizer`"):
        as_discriminator(tiny_bert(9))
    with pytest.raises(CfgenError, match=r"a tuple is no tagger"):
        as_discriminator((tiny_bert(9), None))
    with pytest.raises(CfgenError, match=r"no model and tokenizer at 'nowhere/to-be-found'"):
        as_discriminator("nowhere/to-be-found")


def test_a_long_sentence_is_judged_where_the_mention_is():
    model, tokenizer = lexicon_tagger(READER, ["met"])
    tokenizer.model_max_length = 16
    words = ["met"] * 50 + ["Ada", "Byron"] + ["met"] * 50
    tags = ["O"] * 50 + ["B-PER", "I-PER"] + ["O"] * 50
    assert judged(candidate(words, tags, Span(50, 52, "PER")), as_discriminator(model, tokenizer))[0] is None
    assert LABELS[1:3] == ["B-PER", "I-PER"]


@pytest.mark.parametrize("damage", ["cut off", "other labels"])
def test_a_tagger_that_is_damaged_is_an_error_that_names_it(tmp_path, damage):
    model, tokenizer = tiny_lstm([["Ada", "met"]])
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    if damage == "cut off":
        weights = tmp_path / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-9])
    else:
        config = json.loads((tmp_path / "config.json").read_text())
        config["id2label"] = {"0": "O", "1": "B-PER"}
        config["label2id"] = {"O": 0, "B-PER": 1}
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CfgenError, match=f"^no model and tokenizer at {str(tmp_path)!r}: "):
        as_discriminator(str(tmp_path))
