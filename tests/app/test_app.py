"""The page's work without the page: what is read, generated, filtered, diagnosed, and told."""

import re
import sys
from pathlib import Path
from typing import Any

import datasets
import pytest
from huggingface_hub import constants

import hf_cfgen.app.demo as demo
from hf_cfgen import CfgenConfig, CfgenError, generate_counterfactuals, load_ner_dataset
from hf_cfgen.app.augmenting import NONE, SHOWN, TRAIN, choices, chosen, generate, shown
from hf_cfgen.app.demo import demo_tagger
from hf_cfgen.app.diagnosing import diagnosed
from hf_cfgen.app.inputs import MAX_SENTENCES, as_lines, check_name, read_sentences
from hf_cfgen.cli.main import main
from hf_cfgen.evaluation.diagnosis import diagnose
from hf_cfgen.modeling.pipeline import as_discriminator

from ..samples import json_lines
from ..taggers import lexicon_tagger

SENTENCES = "Ada B-PER\nmet O\nBo B-PER\n\nCy B-PER\nin O\nRome B-LOC\n"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty cache of Hugging Face, and taggers that are trained for a moment only."""
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(demo, "STEPS", 12)
    demo_tagger.cache_clear()
    yield tmp_path / "home"
    demo_tagger.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        SENTENCES,
        f"\n\n  {SENTENCES}\n\n",
        json_lines(
            {"tokens": ["Ada", "met", "Bo"], "ner_tags": ["B-PER", "O", "B-PER"]},
            {"tokens": ["Cy", "in", "Rome"], "ner_tags": ["B-PER", "O", "B-LOC"]},
        ),
        json_lines(
            {"text": "Ada met Bo", "label": [[0, 3, "PER"], [8, 10, "PER"]]},
            {"text": "Cy in Rome", "label": [[0, 2, "PER"], [6, 10, "LOC"]]},
        ),
    ],
)
def test_sentences_are_read_in_any_format(text):
    sentences = read_sentences(text, None)
    assert sentences["tokens"][:] == [["Ada", "met", "Bo"], ["Cy", "in", "Rome"]]
    assert as_lines(sentences) == SENTENCES


def test_a_file_is_read_instead_of_the_text(write):
    path = write("mine.test.conll", "Cy B-PER\n")
    assert read_sentences(SENTENCES, str(path))["tokens"][:] == [["Cy"]]


@pytest.mark.parametrize("name", ["demo:en", "demo:zh"])
def test_the_examples_are_read_as_they_were(name):
    rows = load_ner_dataset(name)["train"].select(range(30))
    again = read_sentences(as_lines(rows), None)
    assert again["tokens"][:] == rows["tokens"][:]
    assert as_lines(again) == as_lines(rows)


def test_what_is_wrong_with_the_text_is_told_by_line_and_without_a_folder(tmp_path):
    with pytest.raises(CfgenError, match=r"^pasted\.txt:2: "):
        read_sentences("Ada B-PER\nmet\n", None)
    bad = tmp_path / "a b" / "bad.jsonl"
    bad.parent.mkdir()
    bad.write_text('{"tokens": ["a", "b"], "ner_tags": ["O"]}\n')
    with pytest.raises(CfgenError) as raised:
        read_sentences("", str(bad))
    assert str(raised.value).startswith("bad.jsonl:1: 2 tokens and 1 tags")
    with pytest.raises(CfgenError, match=r"^no sentences: paste some, choose an example, or give a file$"):
        read_sentences(" \n", None)


def test_more_sentences_than_the_page_takes_are_refused_not_cut():
    assert len(read_sentences("a B-X\n\n" * MAX_SENTENCES, None)) == MAX_SENTENCES
    with pytest.raises(
        CfgenError, match=f"^pasted.txt: {MAX_SENTENCES + 1} sentences, but this page takes up to {MAX_SENTENCES}"
    ):
        read_sentences("a B-X\n\n" * (MAX_SENTENCES + 1), None)


def test_more_words_than_the_page_takes_are_refused():
    with pytest.raises(CfgenError, match=r"^pasted\.txt: 200001 words, but this page takes up to 200000"):
        read_sentences("a B-X\n" + "b O\n" * 200_000, None)


def test_nothing_of_a_table_is_left_in_the_cache_of_datasets(write):
    path = write("mine.csv", 'tokens,ner_tags\n"[""Ada""]","[""B-PER""]"\n')
    before = {found for found in Path(datasets.config.HF_DATASETS_CACHE).rglob("*") if found.is_file()}
    sentences = read_sentences("", str(path))
    assert {found for found in Path(datasets.config.HF_DATASETS_CACHE).rglob("*") if found.is_file()} == before
    assert sentences["tokens"][:] == [["Ada"]]


def test_on_a_space_no_file_of_its_machine_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "owner" / "name").mkdir(parents=True)
    # load_dataset would read the files of the working folder as "json"
    paths = ["here", "../x", "/etc/passwd", "~/x", "./demo", "json", "owner/name"]
    assert [check_name(f" {path} ") for path in paths] == paths
    monkeypatch.setenv("SPACE_ID", "cfgen/app")
    for path in paths:
        with pytest.raises(CfgenError, match="may be a path on the machine of this Space: give OWNER/NAME on the Hub"):
            check_name(path)
    assert check_name("cfgen/cner-aug") == "cfgen/cner-aug" and check_name("demo:zh") == "demo:zh"
    with pytest.raises(CfgenError, match=r"^no name of a model"):
        check_name(" ")


def test_candidates_are_those_of_the_generator_in_the_order_of_the_sentences(home):
    text = as_lines(load_ner_dataset("demo:en")["train"].select(range(12)))
    rows, summary = generate(text, None, "demo:en", 5, 7)
    sentences = read_sentences(text, None)
    names = sentences.features["ner_tags"].feature.names
    kept, rejected, counts = generate_counterfactuals(
        sentences, demo_tagger("demo:en"), CfgenConfig("budget", k=5, seed=7)
    )
    expected = {row["id"]: row for part in (kept, rejected) for row in part}
    assert {row["id"]: row for row in rows} == {
        name: row | {"ner_tags": [names[tag] for tag in row["ner_tags"]]} for name, row in expected.items()
    }
    drawn, _, _ = generate_counterfactuals(sentences, None, CfgenConfig("budget", k=5, seed=7))
    assert [row["id"] for row in rows] == drawn["id"][:]
    assert summary.startswith(f"12 examples -> {len(drawn)} candidates (0 duplicates left out) -> {len(kept)} kept, ")
    assert counts.candidates == len(rows) > 40


def test_without_a_discriminator_all_are_kept_and_that_is_said(home):
    rows, summary = generate(SENTENCES, None, NONE, 1, 42)
    assert summary == (
        "2 examples -> 2 candidates (0 duplicates left out) -> 2 kept, 0 rejected; nothing to swap: LOC "
        "(no discriminator: all kept)"
    )
    assert {(row["score"], row["reason"]) for row in rows} == {(None, None)}
    assert not home.exists()


def test_any_other_name_is_that_of_a_discriminator(monkeypatch):
    asked = []

    def by_name(name: str) -> Any:
        asked.append(name)
        return as_discriminator(*lexicon_tagger({"Ada": "B-PER", "Bo": "B-LOC", "Rome": "B-LOC"}, ["met", "in", "Cy"]))

    monkeypatch.setattr("hf_cfgen.app.augmenting.as_discriminator", by_name)
    rows, summary = generate(SENTENCES, None, " cfgen/tagger ", 9, 42)
    assert asked == ["cfgen/tagger"]
    verdicts = {(row["source_id"], *row["replaced"][0]["replacement"]): row["reason"] for row in rows}
    # the tagger knows Ada, takes Bo for a place, and reads nothing in Cy
    assert verdicts == {
        ("train-0", "Ada"): None,
        ("train-0", "Bo"): "wrong_type",
        ("train-0", "Cy"): "missed",
        ("train-1", "Ada"): None,
        ("train-1", "Bo"): "wrong_type",
    }
    assert "-> 2 kept, 4 rejected (missed 2, wrong_type 2)" in summary
    assert choices(rows) == (["PER"], ["kept", "wrong_type", "missed"])
    assert [row["source_id"] for row in chosen(rows, ["PER"], ["kept", "missed"])] == [*["train-0"] * 3, "train-1"]
    assert chosen(rows, ["LOC"], ["kept"]) == chosen(rows, ["PER"], []) == []


def test_one_can_be_trained_on_the_sentences_themselves(home):
    text = as_lines(load_ner_dataset("demo:en")["train"].select(range(30)))
    rows, summary = generate(text, None, TRAIN, 2, 42)
    assert "no discriminator" not in summary and all(0 < row["score"] < 1 for row in rows)
    assert not home.exists()
    with pytest.raises(CfgenError, match="train has 1 rows"):
        generate("Ada B-PER\nmet O\nBo B-PER\n", None, TRAIN, 2, 42)


@pytest.mark.parametrize(
    ("text", "discriminator", "k", "message"),
    [
        (SENTENCES, "demo:en", 5, "tags B-LOC, B-PER, which the model lacks"),
        (SENTENCES, "", 5, "no name of a model"),
        (SENTENCES, "no/such-model", 5, "no/such-model"),
        (SENTENCES, NONE, 0, "k is 0"),
        ("Ada O\n", NONE, 5, "no mention"),
        ("Ada B-PER\n", NONE, 5, "nothing to swap"),
    ],
)
def test_what_cannot_be_done_is_told(home, text, discriminator, k, message):
    with pytest.raises(CfgenError, match=re.escape(message)):
        generate(text, None, discriminator, k, 42)


def test_the_demo_tagger_is_trained_once_and_kept_for_later_starts(home, monkeypatch):
    first = demo_tagger("demo:zh")
    assert demo_tagger("demo:zh") is first
    (folder,) = (path for path in (home / "hf_cfgen").iterdir() if path.is_dir())
    assert folder.name.startswith("demo-zh-") and (folder / "tokenizer.json").is_file()
    assert set(first.model.config.id2label.values()) >= {"O", "B-PERSON", "I-ORG"}
    demo_tagger.cache_clear()  # as after a new start
    monkeypatch.setattr(demo, "trained_tagger", lambda splits: pytest.fail("it is trained again"))
    again = demo_tagger("demo:zh")
    assert again is not first
    words = [*"海宁在长乐"]
    assert again([words]) == first([words])


def test_a_tagger_that_could_not_be_saved_whole_is_trained_again(home, monkeypatch):
    train = demo.trained_tagger

    def full_disk(folder: Any) -> None:
        raise OSError("No space left on device")

    def with_full_disk(splits: Any) -> Any:
        tagger = train(splits)
        monkeypatch.setattr(tagger.tokenizer, "save_pretrained", full_disk)
        return tagger

    with monkeypatch.context() as patched:
        patched.setattr(demo, "trained_tagger", with_full_disk)
        with pytest.raises(OSError, match="No space left on device"):
            demo_tagger("demo:en")
    assert "Heidi" in demo_tagger("demo:en").tokenizer.get_vocab()


def test_at_most_so_many_are_shown_and_that_is_said():
    item = {"start": 0, "end": 1, "label": "PER", "original": ["Ada"], "replacement": ["Bo"]}
    row = {"source_id": "a", "tokens": ["Bo"], "ner_tags": ["B-PER"], "replaced": [item], "score": 1.0, "reason": None}
    assert str(shown([row] * SHOWN, 3000)).startswith(f"<p>{SHOWN} of 3000 candidates</p>")
    many = str(shown([row] * (SHOWN + 1), 3000))
    assert many.startswith(f"<p>{SHOWN + 1} of 3000 candidates, the first {SHOWN} are shown</p>")
    assert many.count("<li>") == SHOWN


@pytest.fixture
def reader(monkeypatch) -> Any:
    """A tagger that reads each word alone, under the name of a demo tagger."""
    tagger = as_discriminator(*lexicon_tagger({"Ada": "B-PER", "Rome": "B-LOC", "Bo": "B-LOC"}, ["met", "in", "Cy"]))
    monkeypatch.setattr("hf_cfgen.app.diagnosing.demo_tagger", lambda name: tagger)
    return tagger


def test_the_diagnosis_is_that_of_the_command(reader, write):
    path = write("mine.conll", SENTENCES)
    tables, effects, sentences = diagnosed("demo:en", "nothing", str(path), None, "")
    expected = diagnose(reader, read_sentences(SENTENCES, None), max_changed_sentences=10)
    assert effects == expected.effects
    strict = effects.strict
    # gold: Ada PER, Bo PER, Cy PER, Rome LOC; predicted: Ada PER, Bo LOC, Rome LOC
    assert (strict.f1, strict.f1_do_context, strict.f1_do_entity) == pytest.approx((4 / 7, 4 / 7, 0))
    low, high = strict.f1_interval
    lines = tables.splitlines()
    assert lines[0].startswith("**demo:en** on **mine.conll**, 2 sentences, 4 mentions; 95 % bootstrap intervals")
    assert "| match | F1 | ACE_C | ACE_E | RI |" in lines
    (row,) = (line for line in lines if line.startswith("| strict "))
    assert row.startswith(f"| strict | 0.57 [{low:.2f}, {high:.2f}] | +0.00 [+0.00, +0.00] | -0.57 [")
    (row,) = (line for line in lines if line.startswith("| PER "))
    assert row.startswith("| PER | 3 | 0.50 [")
    # without the context nothing changes, without the mentions all of them are lost
    assert list(sentences) == ["train-0: Ada met Bo", "train-1: Cy in Rome"]
    assert sentences["train-1: Cy in Rome"] == (
        '<dl class="cfgen-passes">'
        "<dt>gold</dt><dd><mark>Cy <b>PER</b></mark> in <mark>Rome <b>LOC</b></mark></dd>"
        "<dt>unchanged</dt><dd>Cy in <mark>Rome <b>LOC</b></mark></dd>"
        "<dt>without its context, do(c0)</dt><dd>Cy [EMPTY] <mark>Rome <b>LOC</b></mark></dd>"
        "<dt>without its mentions, do(e0)</dt><dd>[EMPTY] in [EMPTY]</dd></dl>"
    )


def test_where_no_prediction_changes_the_first_sentences_are_shown(reader, write):
    path = write("mine.conll", "met O\nCy B-PER\n\nin O\n")
    _, _, sentences = diagnosed("demo:en", "", str(path), None, "")
    assert list(sentences) == ["train-0: met Cy", "train-1: in"]


def test_only_sentences_whose_prediction_changes_are_shown_where_there_are_some(reader, write):
    path = write("mine.conll", "met O\n\nCy B-PER\nmet O\n\nAda B-PER\n")
    _, _, sentences = diagnosed("demo:en", "", str(path), None, "")
    assert list(sentences) == ["train-2: Ada"]


def test_a_larger_data_set_than_the_page_takes_is_refused(reader, monkeypatch):
    monkeypatch.setattr("hf_cfgen.app.inputs.MAX_SENTENCES", 59)
    with pytest.raises(CfgenError, match=r"^demo:en: 60 sentences, but this page takes up to 59"):
        diagnosed("demo:en", "demo:en", None, "validation", "")


def test_model_labels_rename_what_the_model_predicts(reader, write):
    path = write("mine.conll", "Ada B-person\nin O\nRome B-place\n")
    with pytest.raises(CfgenError, match="types person, place, which the model lacks"):
        diagnosed("demo:en", "", str(path), None, "")
    tables, effects, _ = diagnosed("demo:en", "", str(path), None, " PER=person  LOC=place ")
    assert effects.strict.f1 == 1.0
    tables, _, _ = diagnosed("demo:en", "", str(write("a.conll", "Ada B-person\n")), None, "PER=person")
    assert "Types of the model that do not occur in the data: LOC." in tables


def test_a_split_is_chosen_as_the_command_chooses_it(home):
    tables, _, _ = diagnosed("demo:en", "demo:en", None, None, "")
    assert tables.startswith("**demo:en** on **demo:en, test**, 200 sentences, ")
    tables, _, _ = diagnosed("demo:en", "demo:en", None, "validation", "")
    assert tables.startswith("**demo:en** on **demo:en, validation**, 60 sentences, ")


def test_without_gradio_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "hf_cfgen.app.page", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["app"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "hf-cfgen: gradio is not installed: pip install 'hf-cfgen[app]'\n"
