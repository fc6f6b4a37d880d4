"""`hf-cfgen augment`: a labelled file in, its counterfactual examples out, in the same format."""

import csv
import json
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Features, List, Value
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hf_cfgen import CfgenConfig, CfgenError, generate_counterfactuals, mix, spans_to_tags, tags_to_spans
from hf_cfgen.cli.main import main
from hf_cfgen.data.columns import tag_column
from hf_cfgen.data.demo_corpus import demo_corpus
from hf_cfgen.data.export import write_rows
from hf_cfgen.data.formats.doccano import Doccano
from hf_cfgen.data.formats.records import TextRecord
from hf_cfgen.data.reading import read_splits
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.tagging.spans import Span
from hf_cfgen.utils.text import UNITS, token_offsets

from ..format_samples import BRAT, SAMPLES, reader
from ..samples import coded, json_lines
from ..taggers import lexicon_tagger

BUDGET = ["--recipe", "budget", "--k", "5"]  # one mention per candidate
SPAN_SAMPLES = sorted(set(SAMPLES) - {"conll", "json", "csv"})


def rows_of(path: Path, **options: Any) -> list[tuple[list[str], list[str]]]:
    train = read_splits(path, **options).splits["train"]
    return list(zip(train["tokens"], tag_column(train)))


def expected(path: Path, mixed: bool = False, **options: Any) -> list[tuple[list[str], list[str]]]:
    """The rows that the API generates for the same data."""
    train = read_splits(path, **options).splits["train"]
    kept = generate_counterfactuals(train, None, CfgenConfig("budget", seed=1)).kept
    rows = list(zip(kept["tokens"], tag_column(kept)))
    assert len(rows) > 1
    return rows + list(zip(train["tokens"], tag_column(train))) * mixed


def mentions(format: str, path: Path) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """Texts and their mentions, read off a file without the package."""
    content = path.read_text(encoding="utf-8-sig")
    found = []
    if format in ("label_studio", "label_studio_min"):
        for task in json.loads(content):
            if format == "label_studio":
                text = task["data"]["text"]
                (annotation,) = [each for each in task["annotations"] if not each["was_cancelled"]][:1]
                regions = [region["value"] for region in annotation["result"]]
            else:
                text, regions = task["text"], task.get("label", [])
            assert all(text[value["start"] : value["end"]] == value["text"] for value in regions)
            found.append((text, [(value["start"], value["end"], value["labels"][0]) for value in regions]))
        return found
    for line in content.splitlines():
        record = json.loads(line)
        if format == "ccks":
            spans = [(each["start_pos"], each["end_pos"], each["label_type"]) for each in record["entities"]]
            found.append((record["originalText"], spans))
        elif format == "cluener":
            spans = []
            for label, forms in record["label"].items():
                for form, ranges in forms.items():
                    assert all(record["text"][first : last + 1] == form for first, last in ranges)
                    spans += [(first, last + 1, label) for first, last in ranges]
            found.append((record["text"], spans))
        else:
            key = "label" if format == "doccano" else next(key for key in ("entities", "spans") if key in record)
            spans = [
                tuple(item) if isinstance(item, list) else (item["start"], item["end"], item["label"])
                for item in record[key]
            ]
            found.append((record["text"], spans))
    return found


def brat_mentions(folder: Path, stem: str) -> list[str]:
    text = (folder / f"{stem}.txt").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in (folder / f"{stem}.ann").read_text(encoding="utf-8").splitlines()]
    found = []
    for name, kind, *form in lines:
        if not name.startswith("T"):
            continue
        label, start, end = kind.split(" ")
        assert [text[int(start) : int(end)]] == form
        found.append(f"{label} {form[0]}")
    return found


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("format", sorted(SAMPLES))
def test_each_format_gives_its_own_back(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str], format: str, mixed: bool
) -> None:
    path = write("sample", SAMPLES[format])
    output = path.with_name("augmented")
    main(["augment", str(path), str(output), *BUDGET, "--seed", "1", *(["--mix"] if mixed else [])])
    wanted = expected(path, mixed)
    assert sorted(rows_of(output)) == sorted(wanted)
    assert mixed or rows_of(output) == wanted
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{path}: {len(expected(path, True)) - len(expected(path))} examples -> ")
    assert f"{len(expected(path))} kept, 0 rejected" in out[0]
    assert out[0].endswith(" (no discriminator: all kept)")
    assert out[1].startswith(f"{len(wanted)} rows written to {output} ({format.removesuffix('_min')}), all candidates")
    names = ["augmented", "augmented.candidates.jsonl", "sample"]
    assert sorted(file.name for file in path.parent.iterdir()) == names


@pytest.mark.parametrize("format", SPAN_SAMPLES)
def test_mentions_are_whole_surface_forms_of_the_input(write: Callable[..., Path], format: str) -> None:
    path = write("sample", SAMPLES[format])
    output = path.with_name("augmented")
    main(["augment", str(path), str(output), "--mix"])
    before, after = (
        {(label, text[start:end]) for text, spans in mentions(format, file) for start, end, label in spans}
        for file in (path, output)
    )
    assert after == before
    texts = [text for text, _ in mentions(format, output)]
    assert {text for text, _ in mentions(format, path)} <= set(texts)
    assert len(set(texts)) == len(texts)


def test_brat_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "brat"
    folder.mkdir()
    for name, content in BRAT.items():
        (folder / name).write_text(content, encoding="utf-8")
    main(["augment", str(folder), str(tmp_path / "out"), *BUDGET, "--seed", "1"])
    assert rows_of(tmp_path / "out") == expected(folder)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["augmented.ann", "augmented.txt"]
    assert set(brat_mentions(tmp_path / "out", "augmented")) == set(brat_mentions(folder, "notes"))
    assert f"rows written to {tmp_path / 'out'} (brat), " in capsys.readouterr().out


def test_a_table_keeps_its_columns(tmp_path: Path) -> None:
    data = Dataset.from_dict(
        {
            "words": [["Ada", "met", "Bo"], ["Cy", "ran"]],
            "source": ["x", "y"],
            "pos": [[1, 2, 3], [4, 5]],
            "tags": [[1, 0, 1], [1, 0]],
        },
        features=Features(
            {
                "words": List(Value("string")),
                "source": Value("string"),
                "pos": List(Value("int64")),
                "tags": coded(1).features["ner_tags"],
            }
        ),
    )
    path, output = tmp_path / "in", tmp_path / "out"
    data.to_parquet(path)
    options = {"tokens_column": "words", "tags_column": "tags"}
    main(["augment", str(path), str(output), "--k", "1", "--tokens_column", "words", "--tags_column", "tags", "--mix"])
    written = Dataset.from_parquet(str(output))
    assert written.features == data.features
    rows = [(row["source"], row["pos"]) for row in written]
    assert sorted(rows, key=str) == [("x", None), ("x", [1, 2, 3]), ("y", None), ("y", [4, 5])]
    assert len(rows_of(output, **options)) == 4


def test_other_fields_and_integers_of_json_and_csv(write: Callable[..., Path]) -> None:
    records = [
        {"id": 7, "tokens": ["Ada", "ran"], "ner_tags": [2, 0], "note": "n"},
        {"id": 8, "tokens": ["Bo", "sat"], "ner_tags": [2, 0], "note": None},
    ]
    for content, name in ((json_lines(*records), "lines"), (json.dumps(records), "array")):
        path = write(f"{name}.json", content)
        output = path.with_name(f"{name}-out.json")
        main(["augment", str(path), str(output), "--tag_names", "O", "I-PER", "B-PER"])
        written = output.read_text(encoding="utf-8")
        rows = json.loads(written) if name == "array" else [json.loads(line) for line in written.splitlines()]
        assert rows == [
            {"id": "7#0", "tokens": ["Bo", "ran"], "ner_tags": [2, 0], "note": "n"},
            {"id": "8#0", "tokens": ["Ada", "sat"], "ner_tags": [2, 0], "note": None},
        ]
    header = ["tokens", "ner_tags", "size"]
    path = write("a.csv", "")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, ['["Ada"]', '["S-PER"]', "1"], ['["Bo", "x"]', '["S-PER", "O"]', "2"]])
    main(["augment", str(path), str(path.with_name("out.csv"))])
    assert list(csv.reader(path.with_name("out.csv").open(newline=""))) == [
        header,
        ['["Bo"]', '["S-PER"]', "1"],
        ['["Ada", "x"]', '["S-PER", "O"]', "2"],
    ]


def test_the_unnamed_index_column_of_pandas_is_carried_along(write: Callable[..., Path]) -> None:
    rows = ['0,"[""Ada"", ""ran""]","[""B-PER"", ""O""]"', '1,"[""Bo"", ""sat""]","[""B-PER"", ""O""]"']
    path = write("a.csv", "\n".join([",tokens,ner_tags", *rows]) + "\n")
    main(["augment", str(path), str(path.with_name("out.csv"))])
    assert list(csv.reader(path.with_name("out.csv").open(newline=""))) == [
        ["", "tokens", "ner_tags"],
        ["0", '["Bo", "ran"]', '["B-PER", "O"]'],
        ["1", '["Ada", "sat"]', '["B-PER", "O"]'],
    ]


def test_the_text_around_a_mention_stays_as_it_was(write: Callable[..., Path]) -> None:
    first, second = '  "Ada\tLovelace" isn\'t here; \n', "Ask Bo-Yun ."
    path = write(
        "a.jsonl",
        json_lines({"text": first, "label": [[3, 15, "PER"]]}, {"text": second, "label": [[4, 10, "PER"]]}),
    )
    output = path.with_name("b.jsonl")
    main(["augment", str(path), str(output)])
    assert mentions("doccano", output) == [
        ('  "Bo-Yun" isn\'t here; \n', [(3, 9, "PER")]),
        ("Ask Ada\tLovelace .", [(4, 16, "PER")]),
    ]


def test_words_that_would_run_together_are_kept_apart(write: Callable[..., Path]) -> None:
    path = write(
        "a.jsonl",
        json_lines({"text": "U.S.-made", "label": [[0, 4, "LOC"]]}, {"text": "#Oslo!x", "label": [[1, 6, "LOC"]]}),
    )
    output = path.with_name("b.jsonl")
    main(["augment", str(path), str(output)])
    assert mentions("doccano", output) == [("Oslo!-made", [(0, 5, "LOC")]), ("#U.S.x", [(1, 5, "LOC")])]
    path.write_text(json_lines({"text": "5%up", "label": [[0, 2, "N"]]}, {"text": "7 won", "label": [[0, 1, "N"]]}))
    output = path.with_name("c.jsonl")
    main(["augment", str(path), str(output)])
    assert mentions("doccano", output) == [("7 up", [(0, 1, "N")]), ("5% won", [(0, 2, "N")])]


def test_conll_columns(write: Callable[..., Path]) -> None:
    path = write("a.txt", "Ada NN X B-PER\nran VB X O\n\nBo NN X B-PER\nsat VB X O\n")
    main(["augment", str(path), str(path.with_name("b.txt"))])
    expected = "Bo _ _ B-PER\nran _ _ O\n\nAda _ _ B-PER\nsat _ _ O\n\n"
    assert path.with_name("b.txt").read_text() == expected
    main(["augment", str(path), str(path.with_name("c.txt")), "--tag_column", "3", "--mix"])
    blocks = path.with_name("c.txt").read_text().split("\n\n")
    assert sorted(blocks) == sorted([*path.read_text().rstrip("\n").split("\n\n"), *expected.split("\n\n")])
    path = write("germ.tsv", "#\thttp://a.example\n1\tAda\tB-PER\tO\n2\tran\tO\tO\n3\t.\tO\tO\n\n1\tBo\tB-PER\tO\n")
    with pytest.raises(SystemExit):
        main(["augment", str(path), str(path.with_name("e.txt")), "--tag_column", "2"])
    main(["augment", str(path), str(path.with_name("e.txt")), "--tag_column", "2", "--word_column", "1"])
    assert path.with_name("e.txt").read_text() == "_\tBo\tB-PER\t_\n_\tran\tO\t_\n_\t.\tO\t_\n\n_\tAda\tB-PER\t_\n\n"
    path = write("weibo.txt", "李0\tB-PER\n来0\tO\n\n王0\tB-PER\n走0\tO\n")
    main(["augment", str(path), str(path.with_name("d.txt")), "--segmentation_digits"])
    assert path.with_name("d.txt").read_text() == "王0\tB-PER\n来0\tO\n\n李0\tB-PER\n走0\tO\n\n"


@pytest.fixture
def people(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three people, and a discriminator that takes one of them for a place and does not know another."""
    tagger = as_discriminator(*lexicon_tagger({"Ada": "B-PER", "Bo": "B-LOC"}, ["Cy", "ran", "sat"]))
    monkeypatch.setattr("hf_cfgen.cli.augment.as_discriminator", {"taggers/people": tagger}.__getitem__)
    rows = [f"{name}\tB-PER\n{verb}\tO\n\n" for name, verb in (("Ada", "ran"), ("Bo", "sat"), ("Cy", "ate"))]
    return write("a.txt", "".join(rows))


def test_kept_are_written_and_rejected_stand_beside_them(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = people.with_name("b.txt")
    main(["augment", str(people), str(output), *BUDGET, "--discriminator", "taggers/people"])
    assert rows_of(output) == [(["Ada", "sat"], ["B-PER", "O"]), (["Ada", "ate"], ["B-PER", "O"])]
    candidates = [json.loads(line) for line in output.with_name("b.txt.candidates.jsonl").read_text().splitlines()]
    assert {(row["tokens"][0], row["tokens"][1], row["reason"]) for row in candidates} == {
        ("Ada", "sat", None),
        ("Ada", "ate", None),
        ("Bo", "ran", "wrong_type"),
        ("Cy", "ran", "missed"),
        ("Cy", "sat", "missed"),
        ("Bo", "ate", "wrong_type"),
    }
    assert len(candidates) == 6
    first = next(row for row in candidates if row["reason"])
    assert first["ner_tags"] == ["B-PER", "O"]
    assert first["source_id"] == "train-0"
    assert 0 < first["score"] < 0.5
    assert capsys.readouterr().out.splitlines() == [
        f"{people}: 3 examples -> 6 candidates (0 duplicates left out) -> 2 kept, 4 rejected (missed 2, wrong_type 2)",
        f"2 rows written to {output} (conll), all candidates with the reasons of 4 rejections to "
        f"{output}.candidates.jsonl",
    ]


def test_no_candidate_kept_writes_nothing(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people.write_text(people.read_text().replace("Ada", "Dan"))
    before = sorted(people.parent.iterdir())
    with pytest.raises(SystemExit) as ended:
        main(["augment", str(people), str(people.with_name("b.txt")), "--discriminator", "taggers/people"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"hf-cfgen: {people}: no candidate is kept, so nothing is written")
    assert sorted(people.parent.iterdir()) == before


def test_types_that_could_not_be_swapped_are_named(write: Callable[..., Path], capsys: Any) -> None:
    path = write("a.txt", "Ada\tB-PER\nran\tO\n\nBo\tB-PER\nin\tO\nOslo\tB-LOC\n")
    main(["augment", str(path), str(path.with_name("b.txt"))])
    assert "; nothing to swap: LOC (no discriminator" in capsys.readouterr().out


def test_a_discriminator_is_trained_and_the_other_splits_stay(tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    corpus = demo_corpus("en")
    for name, rows in corpus.items():
        (folder / f"{name}.jsonl").write_text(
            json_lines(*({"tokens": row["tokens"], "ner_tags": row["ner_tags"]} for row in rows[:60]))
        )
    output = tmp_path / "out.jsonl"
    options = ["--train_discriminator", "--max_steps", "60", "--learning_rate", "0.01", "--hidden_size", "32"]
    main(["augment", str(folder), str(output), *options, "--use_cpu", "--disable_tqdm", "true"])
    out = capsys.readouterr().out
    assert "Training the discriminator on 60 examples, 60 steps" in out
    assert out.splitlines()[-1].endswith("; the splits validation, test are unchanged")
    kept = rows_of(output)
    provenance = [json.loads(line) for line in output.with_name("out.jsonl.candidates.jsonl").read_text().splitlines()]
    assert len(kept) == sum(row["reason"] is None for row in provenance) > 5
    assert sum(row["reason"] is not None for row in provenance) > 5
    assert len(provenance) == int(out.split(" examples -> ")[1].split(" ")[0]) > 250
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "out.jsonl", "out.jsonl.candidates.jsonl"]
    again = tmp_path / "again.jsonl"
    main(["augment", str(folder / "train.jsonl"), str(again), *options, "--use_cpu", "--disable_tqdm", "true"])
    assert "Training the discriminator on 54 examples" in capsys.readouterr().out


def test_bad_records_are_skipped_and_written(write: Callable[..., Path], capsys: Any) -> None:
    good = [{"text": "Ada ran", "label": [[0, 3, "PER"]]}, {"text": "Bo sat", "label": [[0, 2, "PER"]]}]
    bad = {"text": "Cy ate", "label": [[0, 1, "PER"]]}
    path = write("a.jsonl", json_lines(good[0], bad) + "{broken\n" + json_lines(good[1]))
    output = path.with_name("b.jsonl")
    with pytest.raises(SystemExit):
        main(["augment", str(path), str(output)])
    assert [file.name for file in path.parent.iterdir()] == ["a.jsonl"]
    main(["augment", str(path), str(output), "--skip_bad_records"])
    assert [text for text, _ in mentions("doccano", output)] == ["Bo ran", "Ada sat"]
    skipped = [json.loads(line) for line in output.with_name("b.jsonl.skipped.jsonl").read_text().splitlines()]
    assert [(row["where"], row["record"]) for row in skipped] == [
        (f"{path}:3", "{broken"),
        (f"{path}:2", {"text": "Cy ate", "spans": [[0, 1, "PER"]]}),
    ]
    assert "bad JSON" in skipped[0]["reason"]
    assert "cuts the word 'Cy' [0:2] at offset 1" in skipped[1]["reason"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["{in}", "{in}"], "a.txt already exists: choose another output"),
        (["{in}", "{dir}/no/b.txt"], "no is not a folder: create it"),
        (["{in}"], r"the following arguments are required: OUTPUT"),
        (["demo:en", "{dir}/b.txt"], "demo:en is not a file, so its rows have no format"),
        (["{in}", "{dir}/b.txt", "--k", "0"], "k is 0"),
        (["{in}", "{dir}/b.txt", "--discriminator", "x", "--train_discriminator"], "give one of them"),
        (["{in}", "{dir}/b.txt", "--discriminator", "no/such"], "no model and tokenizer at 'no/such'"),
        (["{in}", "{dir}/b.txt", "--hidden_size", "8"], "--hidden_size needs a discriminator to train: add"),
        (["{in}", "{dir}/b.txt", "--seed", "-1"], "seed is -1: give an integer of at least 0"),
        (["{in}", "."], ". is a folder: name a file in it"),
        (["{in}", "{dir}/b.txt", "--max_length", "5"], "max_length is for formats of text and spans"),
        (["{in}", "{dir}/b.txt", "--types", "LOC"], "no mention of type LOC (types): the types are PER"),
        (["{in}", "{dir}/b.txt", "--label_map", "LOC"], "--label_map 'LOC': give each name once, as in OLD=NEW"),
        (
            ["{in}", "{dir}/b.txt", "--tokenization", "bytes"],
            "--tokenization: invalid choice: 'bytes'",
        ),
    ],
)
def test_bad_options(write: Callable[..., Path], capsys: Any, options: list[str], message: str) -> None:
    path = write("a.txt", "Ada\tB-PER\n\nBo\tB-PER\n")
    with pytest.raises(SystemExit) as ended:
        main(["augment", *(part.replace("{in}", str(path)).replace("{dir}", str(path.parent)) for part in options)])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hf-cfgen: ")
    assert message in line
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


# Any text, any format

NO_OPTIONS = dict.fromkeys(("types", "label_map", "tag_names", "max_length", "scheme"))
FORMAT_OF_TEXT = ("label_studio", "label_studio_min", "doccano", "spacy", "ccks", "cluener", "brat")
characters = st.one_of(
    st.sampled_from(list("ab1 .,-'_\t中文ไทยกิ한e\u0301\u200d\u200b\ufeff👩‍💻🇫🇷שלוםمرحبا\u2028\x85")),
    st.characters(exclude_categories=["Cs"]),
)


@st.composite
def labelled_texts(draw: st.DrawFn, unit: str, format: str) -> tuple[str, list[Span]]:
    """A text with mentions that are runs of its tokens, touching or at its end now and then."""
    text = draw(st.text(characters, min_size=1, max_size=12).filter(lambda text: text.strip() != ""))
    assume(format != "brat" or not ({"\n", "\r"} & set(text)))
    offsets = token_offsets(text, unit)
    cuts = sorted(draw(st.sets(st.integers(0, len(offsets)), max_size=4)) | {0, len(offsets)})
    spans = [
        Span(offsets[low][0], offsets[high - 1][1], draw(st.sampled_from(["A", "b-c"])))
        for low, high in pairwise(cuts)
        if text[offsets[low][0] : offsets[high - 1][1]].strip() and draw(st.booleans())
    ]
    return text, spans


@given(data=st.data(), format=st.sampled_from(FORMAT_OF_TEXT), unit=st.sampled_from(UNITS))
@settings(max_examples=60, deadline=None)
def test_no_invalid_row_of_any_text_in_any_format(data: st.DataObject, format: str, unit: str) -> None:
    drawn = data.draw(st.lists(labelled_texts(unit, format), min_size=2, max_size=4))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        like, path = folder / "like", folder / "in.ann"
        like.write_text(SAMPLES.get(format, ""), encoding="utf-8")
        reader(format).write([TextRecord("", text, spans) for text, spans in drawn], path, [like])
        options = {"format": format.removesuffix("_min"), "tokenization": unit}
        if format in ("doccano", "label_studio", "label_studio_min"):
            options["offsets"] = "characters"
        reading = {name: value for name, value in options.items() if name == "offsets"}
        if not any(spans for _, spans in drawn):
            with pytest.raises(CfgenError, match=r"no mention in any of its|none of its"):
                read_splits(path, **options)
            return
        source = read_splits(path, **options)
        train = source.splits["train"]
        words = [[text[start:end] for start, end in token_offsets(text, unit)] for text, _ in drawn]
        assert list(train["tokens"]) == words
        forms = [{(span.label, text[span.start : span.end]) for span in spans} for text, spans in drawn]
        kept = generate_counterfactuals(train, None, CfgenConfig("budget", k=2)).kept
        for tokens, tags in zip(kept["tokens"], tag_column(kept)):
            assert tokens not in words
            assert spans_to_tags(tags_to_spans(tags), len(tokens)) == tags
        if not len(kept):
            return
        (folder / "out").mkdir()
        out = folder / "out" if format == "brat" else folder / "out" / "augmented.ann"
        # reads what it wrote and compares
        written = write_rows(out, mix(train, kept), source, "train", {**NO_OPTIONS, **options})
        texts = [record.text for record in reader(format, **reading).read(written)]
        assert len(texts) == len(kept) + len(drawn)
        assert {text for text, _ in drawn} <= set(texts)
        known = set().union(*forms)
        for record in reader(format, **reading).read(written):
            for start, end, label in record.spans:
                assert (label, record.text[start:end]) in known or unit == "words"


def test_what_was_written_is_read_again_and_compared(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("a.jsonl", SAMPLES["doccano"])
    given = Doccano.write
    for spoil in (
        lambda records: [record._replace(spans=record.spans[:-1]) for record in records],
        lambda records: [record._replace(text=record.text + "x") for record in records],
        lambda records: records[:-1],
        lambda records: [record._replace(spans=[Span(0, 99, "X")]) for record in records],
    ):
        monkeypatch.setattr(
            Doccano, "write", lambda self, records, *others, spoil=spoil: given(self, spoil(records), *others)
        )
        with pytest.raises(RuntimeError, match="a bug, please report it"):
            main(["augment", str(path), str(path.with_name("b.jsonl"))])
        assert [file.name for file in path.parent.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("offsets", ["auto", "utf16"])
def test_offsets_that_the_output_alone_would_not_prove(write: Callable[..., Path], offsets: str) -> None:
    def task(number: int, text: str, start: int, end: int, form: str) -> dict[str, Any]:
        region = {"type": "labels", "value": {"start": start, "end": end, "text": form, "labels": ["X"]}}
        return {"id": number, "data": {"text": text}, "annotations": [{"was_cancelled": False, "result": [region]}]}

    # UTF-16 units, as "b" tells; "a" put in its place stands at both readings of its offset
    path = write("a.json", json.dumps([task(1, "😀ab", 3, 4, "b"), task(2, "a", 0, 1, "a")]))
    output = path.with_name("b.json")
    options = ["--tokenization", "characters", *(["--offsets", "utf16"] if offsets == "utf16" else [])]
    main(["augment", str(path), str(output), *options])
    first, second = json.loads(output.read_text())
    value = first["annotations"][0]["result"][0]["value"]
    assert first["data"]["text"] == "😀aa"
    assert (value["start"], value["end"], value["text"]) == ((3, 4, "a") if offsets == "utf16" else (2, 3, "a"))
    assert second["data"]["text"] == "b"


@pytest.mark.parametrize("name", ["b.txt", "b.txt.candidates.jsonl", "b.txt.skipped.jsonl"])
def test_no_file_is_overwritten(write: Callable[..., Path], capsys: Any, name: str) -> None:
    path = write("a.txt", "Ada\tB-PER\n\nBo\tB-PER\n")
    write(name, "mine")
    with pytest.raises(SystemExit):
        main(["augment", str(path), str(path.with_name("b.txt"))])
    assert f"{name} already exists: choose another output" in capsys.readouterr().err
    assert path.with_name(name).read_text() == "mine"
    assert len(list(path.parent.iterdir())) == 2


def test_carried_columns_stay_as_they_are_or_are_null_where_a_swap_makes_them_false(
    write: Callable[..., Path],
) -> None:
    rows = [
        {
            "tokens": ["Bo", "ran"],
            "ner_tags": ["B-PER", "O"],
            "meta": {"a": 1},
            "entities": [{"start": 0, "text": "Bo"}],
        },
        {"tokens": ["Al", "sat"], "ner_tags": ["B-PER", "O"], "meta": {"b": "x"}, "entities": []},
    ]
    path = write("a.jsonl", json_lines(*rows))
    main(["augment", str(path), str(path.with_name("b.jsonl")), "--mix"])
    written = [json.loads(line) for line in path.with_name("b.jsonl").read_text().splitlines()]
    new = [
        row | {"tokens": [other["tokens"][0], row["tokens"][1]], "entities": None}
        for row, other in zip(rows, rows[::-1])
    ]
    assert sorted(written, key=str) == sorted([*rows, *new], key=str)
    path = write(
        "a.csv",
        'id,zip,land,tokens,ner_tags\n007,01234,NA,"[""Bo""]","[""B-PER""]"\n'
        '008,,x,"[""Al"", ""."" ]","[""B-PER"", ""O""]"\n',
    )
    main(["augment", str(path), str(path.with_name("b.csv")), "--mix"])
    with path.with_name("b.csv").open(newline="") as file:
        cells = sorted(row[:3] for row in csv.reader(file))
    assert cells == [
        ["007", "01234", "NA"],
        ["007#0", "01234", "NA"],
        ["008", "", "x"],
        ["008#0", "", "x"],
        ["id", "zip", "land"],
    ]
    texts = {"tokens": ['["Bo"]', '["Al", "."]'], "ner_tags": ['["B-PER"]', '["B-PER", "O"]'], "n": [1, 2]}
    Dataset.from_dict(texts).to_parquet(path.with_name("c.parquet"))
    main(["augment", str(path.with_name("c.parquet")), str(path.with_name("d.parquet"))])
    assert Dataset.from_parquet(str(path.with_name("d.parquet"))).to_dict() == {
        "tokens": ['["Al"]', '["Bo", "."]'],
        "ner_tags": ['["B-PER"]', '["B-PER", "O"]'],
        "n": [1, 2],
    }
