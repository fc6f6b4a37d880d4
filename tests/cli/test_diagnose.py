"""`hf-cfgen diagnose`: the table, the JSON file, the choice of rows, and bad options."""

import json
from pathlib import Path

import pytest

from hf_cfgen.cli.main import main
from hf_cfgen.data.reading import read_splits
from hf_cfgen.evaluation.diagnosis import diagnose
from hf_cfgen.reporting.diagnosis import diagnosis_table

from ..taggers import tiny_lstm

ADA, BO, OSLO = "in O\nRome B-LOC\nmet O\nAda B-PER\n\n", "met O\nBo B-PER\n\n", "in O\nOslo B-LOC\n\n"
THREE = ADA + BO + OSLO


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tagger")
    model, tokenizer = tiny_lstm([["in", "Rome", "met", "Ada"], ["met", "Bo"], ["in", "Oslo"]])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_command_prints_the_table_and_writes_json(saved, write, capsys):
    path = write("notes.txt", THREE)
    output = path.with_name("out.json")
    main(["diagnose", str(saved), str(path), "--output", str(output), "--resamples", "5", "--seed", "3"])
    expected = diagnose(str(saved), read_splits(path).splits["train"], resamples=5, seed=3)
    written = json.loads(output.read_text(encoding="utf-8"))
    for name in ("sentences", "scores", "effects", "model_labels", "model_types_without_data", "most_changed"):
        assert written[name] == expected.to_dict()[name], name
    assert (written["model"], written["data"], written["split"]) == (str(saved), str(path), "train")
    assert written["sentences"] == 3  # a single file is not cut
    assert capsys.readouterr().out == (
        f"{saved} on {path}, split train (the scores are too high if the tagger was trained on these rows)\n\n"
        f"{diagnosis_table(expected)}\n"
    )
    assert sorted(file.name for file in path.parent.iterdir()) == ["notes.txt", "out.json"]


def test_the_command_takes_test_where_there_is_one_or_the_split_that_is_named(saved, write, capsys):
    folder = write("train.txt", THREE).parent
    write("test.txt", ADA)
    main(["diagnose", str(saved), str(folder), "--resamples", "1"])
    assert "split test\n\nCausal effects on F1, 1 sentence, " in capsys.readouterr().out
    main(["diagnose", str(saved), str(folder), "--resamples", "1", "--split", "train"])
    printed = capsys.readouterr().out
    assert "split train (the scores are too high if the tagger was trained on these rows)\n\n" in printed
    assert "Causal effects on F1, 3 sent" in printed


def test_the_command_maps_the_labels_of_the_model_and_the_types_of_the_data_are_chosen(saved, write, capsys):
    path = write("notes.txt", THREE.replace("-PER", "-person").replace("-LOC", "-place"))
    with pytest.raises(SystemExit):
        main(["diagnose", str(saved), str(path)])
    assert "the data has types person, place, which the model lacks; it has LOC, PER" in capsys.readouterr().err
    main(["diagnose", str(saved), str(path), "--model_labels", "PER=person", "LOC=place", "--resamples", "1"])
    assert "person" in capsys.readouterr().out
    main(["diagnose", str(saved), str(path), "--types", "person", "--model_labels", "PER=person", "--resamples", "1"])
    assert "Types of the model that do not occur in the data: LOC. " in capsys.readouterr().out


def test_the_command_skips_bad_records_to_a_file_beside_the_output(saved, write, capsys):
    path = write("a.txt", THREE + "Ada PER\n\n")
    output = path.with_name("out.json")
    options = ["diagnose", str(saved), str(path), "--resamples", "1"]
    for extra, message in (
        ([], f"{path}:"),
        (["--skip_bad_records"], "--skip_bad_records needs --output"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*options, *extra])
        assert ended.value.code == 2
        assert message in capsys.readouterr().err
    main([*options, "--skip_bad_records", "--output", str(output)])
    assert json.loads(output.read_text())["sentences"] == 3
    (line,) = output.with_name("out.json.skipped.jsonl").read_text().splitlines()
    assert json.loads(line)["record"] == "Ada PER"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["{model}"], "the following arguments are required: DATA"),
        (["{model}", "{data}", "--split", "dev"], "no split 'dev': choose one of train with --split"),
        (["{model}", "{data}", "--output", "{data}"], "already exists: choose another output, or delete it"),
        (["{model}", "{data}", "--output", "no/such/out.json"], "no/such is not a folder: create it"),
        (["{model}", "{data}", "--resamples", "0"], "resamples is 0: give at least 1"),
        (["{model}", "{data}", "--model_labels", "PER"], "--model_labels 'PER': give each name once, as in OLD=NEW"),
        (["no/such", "{data}"], "no model and tokenizer at 'no/such'"),
        (["{model}", "no/such.txt"], "there is no file no/such.txt"),
    ],
)
def test_bad_options_of_the_command(saved, write, capsys, options, message):
    path = write("a.txt", THREE)
    with pytest.raises(SystemExit) as ended:
        main(["diagnose", *(part.replace("{model}", str(saved)).replace("{data}", str(path)) for part in options)])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("hf-cfgen: ")
    assert message in line
    assert captured.out == ""
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]
