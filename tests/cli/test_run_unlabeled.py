"""`hf-cfgen run --unlabeled`: self-training after Aug."""

import json

import numpy as np
import pytest
from datasets import Dataset, load_dataset

from hf_cfgen import load_ner_dataset
from hf_cfgen.cli.main import main
from hf_cfgen.data.columns import tag_column
from hf_cfgen.evaluation.run_result import data_files
from hf_cfgen.evaluation.scores import evaluate_tagger
from hf_cfgen.hub.cards import dataset_card, model_card
from hf_cfgen.hub.push import push_dataset, push_model
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.tagging.spans import tags_to_spans
from hf_cfgen.training.self_training import pseudo_label

from .test_run import options, results_of

SMALL = {"control": None, "context_dropout": 0.02}


@pytest.fixture(scope="module")
def sentences():
    """Unlabeled sentences; the last ones are in train, dev and test, and the first again."""
    data = load_ner_dataset("demo:en", num_train_examples=60, seed=3)
    known = set(map(tuple, [*data["train"]["tokens"], *data["validation"]["tokens"], *data["test"]["tokens"]]))
    new = dict.fromkeys(
        tuple(row) for row in load_ner_dataset("demo:en")["train"]["tokens"] if tuple(row) not in known
    )
    splits = [data[split]["tokens"][0] for split in ("train", "validation", "test")]
    rows = [*map(list, new), *splits, list(next(iter(new)))]
    return rows[:40] + rows[-4:]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, sentences):
    folder = tmp_path_factory.mktemp("run")
    (folder / "more.txt").write_text("\n".join(map(" ".join, sentences)), encoding="utf-8")
    main(["run", *options(folder / "out", unlabeled=folder / "more.txt", **SMALL)])
    return folder / "out"


def test_student_is_trained_on_the_mix_and_the_most_certain_new_sentences(finished, sentences, tmp_path):
    assert sorted(path.name for path in finished.iterdir()) == [
        *("aug", "data", "kept", "noaug", "pseudo", "rejected", "results.json", "student")
    ]
    results = results_of(finished)
    new = Dataset.from_dict({"id": [f"unlabeled-{row}" for row in range(40)], "tokens": sentences[:40]})
    expected = pseudo_label(as_discriminator(str(finished / "aug")), new)
    mentions = sum("B-" in "".join(tags) for tags in tag_column(pseudo_label_all(finished, new)))
    assert 0 < len(expected) == round(0.3 * mentions)
    assert results["unlabeled"] == {"sentences": 44, "known": 4, "pseudo_labeled": len(expected)}
    rows = load_dataset(str(finished / "pseudo"), split="train", cache_dir=str(tmp_path))
    assert rows.features == expected.features
    assert rows.remove_columns("score").to_list() == expected.remove_columns("score").to_list()
    assert np.allclose(rows["score"][:], expected["score"][:], rtol=1e-5)
    taggers = results["taggers"]
    assert list(taggers) == ["NoAug", "Aug", "Student"]
    assert taggers["Student"]["examples"] == taggers["Aug"]["examples"] + len(expected)
    assert [one["step"] for one in taggers["Student"]["dev"]] == [one["step"] for one in taggers["Aug"]["dev"]]
    assert taggers["Student"]["context_dropout"] == taggers["Aug"]["context_dropout"] == 0.02
    weights = [(finished / name / "model.safetensors").read_bytes() for name in ("aug", "student")]
    assert weights[0] != weights[1]


def pseudo_label_all(finished, new):
    return pseudo_label(as_discriminator(str(finished / "aug")), new, 1)


def test_the_scores_are_those_of_the_saved_student_which_can_be_recommended(finished):
    results, test = results_of(finished), load_ner_dataset("demo:en")["test"]
    scores = evaluate_tagger(str(finished / "student"), test).to_dict()
    assert results["taggers"]["Student"]["test"] == scores["test"]
    assert list(results["recommendation"]["f1"]) == ["NoAug", "Aug", "Student"]
    assert results["recommendation"]["f1"]["Student"] == results["taggers"]["Student"]["dev_strict_f1"]


def test_cards_and_pushes_have_the_student_and_its_rows(finished, tmp_path):
    results = results_of(finished)
    kept, pseudo = results["counts"]["kept"], results["unlabeled"]["pseudo_labeled"]
    assert list(data_files(finished)) == ["default", "counterfactual", "rejected", "pseudo_labeled"]
    push_dataset(finished, "a/b", dry_run=tmp_path / "data")
    assert (tmp_path / "data" / "pseudo_labeled" / "train-00000-of-00001.parquet").is_file()
    rows = load_dataset(str(tmp_path / "data"), "pseudo_labeled", split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == pseudo and all(tags_to_spans(tags) for tags in tag_column(rows))
    card = str(dataset_card(finished, "a/b"))
    assert f"| `pseudo_labeled` | train {pseudo} | unlabeled sentences with the tags that Aug predicts |" in card
    assert "A pseudo-labeled row has the columns of a source row, and a `score`" in card
    assert f"\n| Student | {60 + kept + pseudo} | strict | " in card
    assert "on the train split above with the `pseudo_labeled` rows\n(Student)" in card
    assert "Aug and Student were trained with context dropout" in card
    push_model(finished, "a/b", "Student", dry_run=tmp_path / "student")
    assert "`my-run/student`" in (tmp_path / "student" / "README.md").read_text(encoding="utf-8")
    card = str(model_card(finished, "Student", "a/b"))
    assert f", {kept} counterfactual examples that NoAug recognizes, and {pseudo} unlabeled sentences with" in card
    assert "--unlabeled more.txt" in card
    for name in ("NoAug", "Aug"):
        assert f"Student on the examples of Aug and on {pseudo} unlabeled sentences" in str(
            model_card(finished, name, "a/b")
        )


def test_without_a_pseudo_labeled_sentence_there_is_no_student(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("hf_cfgen.cli.run.pseudo_label", lambda tagger, rows: pseudo_label(tagger, rows, 0))
    output = tmp_path / "out"
    for name in ("pseudo", "student"):  # of an earlier run that was interrupted
        (output / name).mkdir(parents=True)
    (output / "started.json").touch()
    main(["run", *options(output, unlabeled=finished.parent / "more.txt", max_steps=1, **SMALL)])
    assert "44 unlabeled sentences (4 left out, known from the data) -> 0 pseudo-labeled: " in capsys.readouterr().out
    assert sorted(path.name for path in output.iterdir() if path.name in ("aug", "pseudo", "student")) == ["aug"]
    assert list(results_of(output)["taggers"]) == ["NoAug", "Aug"]
    assert "The run made no rows for `pseudo_labeled`" in str(dataset_card(output, "a/b"))
    assert "Student" not in str(dataset_card(output, "a/b"))
    monkeypatch.undo()
    plain = tmp_path / "plain"
    main(["run", *options(plain, max_steps=1, **SMALL)])
    assert results_of(plain)["unlabeled"] is None and "pseudo" not in str(dataset_card(plain, "a/b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file"),
        ('{"tokens": ["Bo"]}\n', "has JSON of no known format: give text, one sentence per line"),
        ("known", "each sentence is also in the labeled data: give other ones"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_trained(tmp_path, sentences, content, message, capsys):
    path = tmp_path / "more"
    if content is not None:
        path.write_text("\n".join(map(" ".join, sentences[-4:-1])) if content == "known" else content)
    with pytest.raises(SystemExit) as ended:
        main(["run", *options(tmp_path / "out", unlabeled=path, **SMALL)])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and not (tmp_path / "out").exists()
    assert message in error and str(path) in error and error.count("\n") == 1


def test_bad_records_of_both_files_are_written_aside(tmp_path):
    rows = [{"text": f"Bo{i} ran to Oslo.", "label": [[0, len(f"Bo{i}"), "PER"]]} for i in range(30)]
    lines = [*map(json.dumps, rows), '{"text": 1, "label": []}']
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    (tmp_path / "more.jsonl").write_text('{"text": "Cy ran.", "label": []}\n{"text": 2, "label": []}')
    changes = {
        "dataset": tmp_path / "train.jsonl",
        "num_train_examples": None,
        "max_steps": 1,
        "skip_bad_records": True,
    }
    main(["run", *options(tmp_path / "out", unlabeled=tmp_path / "more.jsonl", **SMALL, **changes)])
    skipped = (tmp_path / "out" / "skipped.jsonl").read_text().splitlines()
    assert [json.loads(line)["where"] for line in skipped] == [
        f"{tmp_path / 'train.jsonl'}:31",
        f"{tmp_path / 'more.jsonl'}:2",
    ]
