"""Paths, formats and options of load_ner_dataset, and the real corpora."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import DatasetDict

from hf_cfgen.data.loading import load_ner_dataset
from hf_cfgen.data.reading import read_splits
from hf_cfgen.errors import CfgenError

from ..samples import CORPORA, coded, json_lines, labelled, tags, words


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: remove it"),
        (
            "Running text.\nBlood of group O is there.\n",
            r"looks like no known format: name it \(format\), one of brat, ccks, cluener, conll, doc",
        ),
        (
            json_lines({"text": "a", "label": {}, "tokens": ["a"], "ner_tags": ["O"]}),
            r"looks like cluener and json: name it \(format\)",
        ),
        (b"\xef\xbb\xbfa\tO\n" + "中".encode("gb18030"), r"byte 7 \(0xd6\) is not UTF-8: convert the file to UTF-8"),
        (b"a\tO\n" * 20_000 + b"\xff", r"byte 80000 \(0xff\) is not UTF-8: convert"),
    ],
)
def test_formats_that_are_not_clear(write: Callable[..., Path], content: str | bytes, message: str) -> None:
    path = write("train.json", content)
    with pytest.raises(CfgenError, match=message) as caught:
        load_ner_dataset(path)
    assert str(caught.value).startswith(str(path))


def test_format_by_content_or_by_option(write: Callable[..., Path]) -> None:
    both = [{"text": f"ab{row}", "label": {"x": {"ab": [[0, 1]]}}, **labelled(row)} for row in range(3)]
    path = write("train.csv", json_lines(*both))
    assert words(load_ner_dataset(path, format="cluener")["train"]) == ["a"]
    assert words(load_ner_dataset(path, format="json")["train"]) == [f"w{np.random.default_rng(42).permutation(3)[2]}"]
    with pytest.raises(CfgenError, match=r"train\.csv:1: .* is not a tag"):
        load_ner_dataset(path, format="conll")
    # A character may straddle the end of the part that is looked at.
    long = write("b.txt", "a\tO\n" * 262_143 + "aa叶\tB-X\n\nb\tO\n\nc\tO\n")
    assert long.read_bytes()[2**20 - 2 : 2**20 + 1] == "叶".encode()
    assert len(load_ner_dataset(long)["train"]) == 1
    write("train.txt", "a\tO\n")
    with pytest.raises(CfgenError, match=r"more than one format: .*train\.csv \(json\), .*train\.txt \(conll\)"):
        path.write_text(json_lines(labelled(0)))
        load_ner_dataset(path.parent)


def test_bad_json_lines_of_tokens(write: Callable[..., Path]) -> None:
    path = write("train.json", json_lines(labelled(0)) + "{bad\n")
    with pytest.raises(CfgenError, match=r"train\.json:2: bad JSON \(Expecting property name.*: ") as caught:
        load_ner_dataset(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("demo:fr", {}, "no demo corpus in language 'fr': choose one of en, zh"),
        ("demo:en", {"name": "x"}, "demo:en takes no name: leave it out"),
        ("demo:en", {"format": "conll"}, "format is 'conll', but demo:en is not a data file"),
        ("demo:en", {"format": "xml"}, "unknown format 'xml': choose one of auto, brat, ccks, cluener, conll, docc"),
        ("demo:en", {"tokenization": "bytes"}, "unknown tokenization 'bytes': choose one of auto, characters, words"),
        ("demo:en", {"max_length": 0}, "max_length is 0: give a number of tokens, at least 1"),
        ("demo:en", {"max_length": 9}, "max_length is for formats of text and spans, and demo:en is in words"),
        ("demo:en", {"tokenization": "words"}, "tokenization is for formats of text and spans, and demo:en is in"),
        ("demo:en", {"types": "PER"}, "types is the text 'PER': give a list of names"),
        ("demo:en", {"tag_names": "PER"}, "tag_names is the text 'PER': give a list of names"),
        ("demo:en", {"types": ["X"]}, r"demo:en: no mention of type X \(types\): the types are "),
        ("demo:en", {"label_map": {"X": "Y"}}, r"demo:en: no mention of type X \(label_map\): the types are "),
        ("demo:en", {"scheme": "BOI"}, "unknown tagging scheme 'BOI': choose one of IOB1"),
        (
            "demo:en",
            {"split_sizes": (1, 1, 1)},
            r"split_sizes is \(1, 1, 1\) without pool: splits that are there are never mixed",
        ),
        ("demo:en", {"pool": True}, "pool without split_sizes: give the sizes"),
        ("demo:en", {"pool": True, "split_sizes": (1, 1)}, r"split_sizes is \(1, 1\): give three sizes"),
        ("demo:en", {"pool": True, "split_sizes": "111"}, r"split_sizes is '111': give three sizes"),
        (
            "demo:en",
            {"pool": True, "split_sizes": (1, 0, 1)},
            r"split_sizes is \(1, 0, 1\): give three integers of at least 1",
        ),
        ("demo:en", {"seed": -1}, "seed is -1: give an integer of at least 0"),
        ("demo:en", {"split_seed": "7"}, "split_seed is '7': give an integer"),
        ("demo:en", {"num_train_examples": 0}, "num_train_examples is 0: the train split has"),
        ("no/such/file", {}, "'no/such/file' is neither a file or folder nor a Hub name"),
        (
            "nobody/nothing",
            {},
            "'nobody/nothing' is neither a file nor a folder, and as a Hub name can't be loaded: .*correct",
        ),
        (DatasetDict(), {}, "path is a DatasetDict: give a file, a folder, a Hub name or 'demo:en'"),
    ],
)
def test_bad_arguments(path: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CfgenError, match=message) as caught:
        load_ner_dataset(path, **options)
    assert "\n" not in str(caught.value)


def test_bad_load_kwargs(write: Callable[..., Path]) -> None:
    path = write("a.conll", "a\tO\n")
    with pytest.raises(CfgenError, match="the conll reader has no option column: it has word_column, tag_column"):
        load_ner_dataset(path, column=1)
    path = write("a.json", json_lines(labelled(0)))
    with pytest.raises(CfgenError, match="the json reader has no option column: it has tokens_column, tags_column"):
        load_ner_dataset(path, column=1)
    coded(3).to_parquet(path)
    with pytest.raises(CfgenError, match=r"a\.json can't be loaded: .*column"):
        load_ner_dataset(path, column=1)
    with pytest.raises(CfgenError, match=r"a\.json can't be streamed, .*leave out streaming"):
        load_ner_dataset(path, streaming=True)


def test_skipped_records_overwrite_no_file(write: Callable[..., Path]) -> None:
    path = write("a.json", json_lines(*map(labelled, range(3))) + "{bad\n")
    before = path.read_bytes()
    with pytest.raises(CfgenError, match=r"a\.json already exists: choose another output"):
        load_ner_dataset(path, skip_bad_records=path)
    assert path.read_bytes() == before
    with pytest.raises(CfgenError, match="no is not a folder: create it"):
        load_ner_dataset(path, skip_bad_records=path.with_name("no") / "skipped.jsonl")


def test_file_names_are_no_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*"
    folder.mkdir()
    (folder / "train.json").write_text(json_lines(*map(labelled, range(3))))
    assert len(load_ner_dataset(folder)["train"]) == 1


def test_hub_name_and_load_kwargs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def load_dataset(path: str, **options: Any) -> DatasetDict:
        calls.append((path, options))
        return DatasetDict(train=coded(3), valid=coded(2), test=coded(1), unsupervised=coded(1))

    monkeypatch.setattr("hf_cfgen.data.formats.tables.load_dataset", load_dataset)
    dataset = load_ner_dataset("some-one/ner.data", name="en", revision="v1")
    assert calls == [("some-one/ner.data", {"name": "en", "revision": "v1"})]
    assert {name: list(part["id"]) for name, part in dataset.items()} == {
        "train": ["train-0", "train-1", "train-2"],
        "validation": ["validation-0", "validation-1"],
        "test": ["test-0"],
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_demo(language: str) -> None:
    from hf_cfgen.data.demo_corpus import demo_corpus

    dataset = load_ner_dataset(f"demo:{language}")
    corpus = demo_corpus(language)
    for name, rows in corpus.items():
        assert dataset[name]["tokens"][:] == [row["tokens"] for row in rows]
        assert tags(dataset[name]) == [row["ner_tags"] for row in rows]
        assert dataset[name]["id"][:] == [row["id"] for row in rows]
    assert list(dataset) == ["train", "validation", "test"]


def test_the_same_twice(write: Callable[..., Path]) -> None:
    path = write("a.conll", "".join(f"w{row}\tB-X\n\n" for row in range(50)))
    first, second = (load_ner_dataset(path, num_train_examples=20) for _ in range(2))
    small = load_ner_dataset(path, num_train_examples=5)
    other = load_ner_dataset(path, num_train_examples=20, seed=1)
    resplit = load_ner_dataset(path, split_seed=1)
    for name in first:
        assert first[name].to_list() == second[name].to_list()
        assert first[name]._fingerprint == second[name]._fingerprint
    assert words(small["train"]) == words(first["train"])[:5]
    assert words(other["train"]) != words(first["train"])
    assert words(other["test"]) == words(first["test"]) != words(resplit["test"])


def test_loading_needs_no_torch() -> None:
    code = (
        "import sys, hf_cfgen.data; hf_cfgen.data.load_ner_dataset('demo:en'); "
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "set()\n"


# Real corpora


@pytest.mark.skipif(not (CORPORA / "cluener").is_dir(), reason="CLUENER is not beside the project")
def test_cluener_corpus(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    dataset = load_ner_dataset(CORPORA / "cluener")
    (nested,) = [record.getMessage() for record in caplog.records]
    assert nested.startswith("2 mention(s) left out that overlap a longer one: ")
    assert "train.json:1507: company '招商银行' [16:20] overlaps book" in nested
    assert {name: len(part) for name, part in dataset.items()} == {"train": 9673, "validation": 1343, "test": 1075}
    assert dataset["train"].features["ner_tags"].feature.num_classes == 21
    assert tags(dataset["train"])[0][9:12] == tags(dataset["train"])[0][32:35] == ["B-name", "I-name", "I-name"]
    pooled = load_ner_dataset(CORPORA / "cluener", pool=True, split_sizes=(9674, 1208, 1208))
    assert {name: len(part) for name, part in pooled.items()} == {"train": 9674, "validation": 1208, "test": 1208}
    assert "1 of the 12091 pooled rows are in no split" in caplog.text


@pytest.mark.skipif(not (CORPORA / "wnut17").is_dir(), reason="WNUT-17 is not beside the project")
def test_wnut_corpus() -> None:
    dataset = load_ner_dataset(CORPORA / "wnut17")
    assert {name: len(part) for name, part in dataset.items()} == {"train": 3394, "validation": 1009, "test": 1287}
    assert sum(tag.startswith("B-") for row in tags(dataset["train"]) for tag in row) == 1975


@pytest.mark.skipif(not (CORPORA / "cner").is_dir(), reason="CCKS-2019 is not beside the project")
def test_cner_corpus(caplog: pytest.LogCaptureFixture) -> None:
    dataset = load_ner_dataset(CORPORA / "cner", types=["疾病和诊断"], pool=True, split_sizes=(1322, 164, 164))
    assert {name: len(part) for name, part in dataset.items()} == {"train": 1322, "validation": 164, "test": 164}
    assert dataset["train"].features["ner_tags"].feature.names == ["O", "B-疾病和诊断", "I-疾病和诊断"]
    assert sum(tag.startswith("B-") for part in dataset.values() for row in tags(part) for tag in row) == 5536
    assert caplog.records == []
    whole = load_ner_dataset(CORPORA / "cner", pool=True, split_sizes=(1322, 164, 164))
    assert sum(tag.startswith("B-") for part in whole.values() for row in tags(part) for tag in row) == 23655
    source = read_splits(CORPORA / "cner", max_length=256)
    assert source.texts is not None
    joined = "".join(text for texts in source.texts.values() for text in texts)
    assert joined == "".join(text for texts in (read_splits(CORPORA / "cner").texts or {}).values() for text in texts)
    assert sum(tag.startswith("B-") for part in source.splits.values() for row in tags(part) for tag in row) == 23655
    long = [text for texts in source.texts.values() for text in texts if len(text) > 256]
    assert not any("。" in text.rstrip("。！？!?；; \n") for text in long)


@pytest.mark.skipif(
    not (CORPORA / "idiag_standin").is_dir(), reason="the stand-in for IDiag is not beside the project"
)
def test_idiag_corpus(caplog: pytest.LogCaptureFixture) -> None:
    path = CORPORA / "idiag_standin" / "label_studio_export.json"
    dataset = load_ner_dataset(path, pool=True, split_sizes=(9274, 1157, 1157))
    assert {name: len(part) for name, part in dataset.items()} == {"train": 9274, "validation": 1157, "test": 1157}
    assert sum(tag.startswith("B-") for part in dataset.values() for row in tags(part) for tag in row) == 20355
    assert caplog.records == []


@pytest.mark.parametrize("name", ["json", "csv", "parquet"])
def test_the_name_of_a_format_does_not_read_the_working_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text('{"tokens": ["Secret"], "ner_tags": ["B-PER"]}\n')
    with pytest.raises(CfgenError, match=f"^'{name}' is a format, and load_dataset would read this folder: name the"):
        load_ner_dataset(name)


@pytest.mark.parametrize("name", ["train.txt", "data/train.conll", "no/such/file.JSONL"])
def test_a_file_that_does_not_exist_is_not_looked_up_on_the_hub(name, monkeypatch):
    monkeypatch.setattr("hf_cfgen.data.reading.load", lambda *_: pytest.fail("looked up on the Hub"))
    with pytest.raises(CfgenError, match=f"no file {name}: correct the path"):
        load_ner_dataset(name)
