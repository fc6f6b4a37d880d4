"""The whole method by one command, on the demo corpus."""

import io
import json
import re
import runpy
import shutil
import sys
from ast import literal_eval
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import yaml
from datasets import Dataset, load_dataset
from transformers import AutoConfig

from hf_cfgen import causal_effects, generate_counterfactuals, load_ner_dataset, mix, tags_to_spans
from hf_cfgen.causal.interventions import intervened_predictions
from hf_cfgen.cli import run
from hf_cfgen.cli.main import main
from hf_cfgen.cli.run import RunArguments
from hf_cfgen.counterfactual.generation import with_provenance
from hf_cfgen.data.columns import tag_column
from hf_cfgen.evaluation.recommendation import Recommendation
from hf_cfgen.evaluation.scores import seqeval_report
from hf_cfgen.hub.cards import dataset_card, model_card
from hf_cfgen.reporting.run_tables import recommendation_text
from hf_cfgen.tagging.scoring import ner_scores
from hf_cfgen.training.config import TaggerTrainingArguments, with_defaults
from hf_cfgen.training.taggers import create_tagger

from ..taggers import tiny_lstm

REPOSITORY = Path(__file__).resolve().parents[2]

OPTIONS = {
    "dataset": "demo:en",
    "num_train_examples": 60,
    "max_steps": 72,
    "learning_rate": 3e-2,
    "hidden_size": 32,
    "use_cpu": True,
    "disable_tqdm": True,
    "control": True,
    "context_dropout": 0.02,
    "seed": 3,
}


def options(output: Path, **changes) -> list[str]:
    values = OPTIONS | changes | {"output_dir": output}
    return [part for name, value in values.items() if value is not None for part in (f"--{name}", str(value))]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, str]:
    """The output folder of a run of scripts/run_cfgen.py, and what it prints."""
    output, printed = tmp_path_factory.mktemp("run") / "out", io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(sys, "argv", ["run_cfgen.py", *options(output)])
        patch.syspath_prepend(REPOSITORY / "scripts")
        runpy.run_path(str(REPOSITORY / "scripts" / "run_cfgen.py"), run_name="__main__")
    return output, printed.getvalue()


def mentions_of(split: str) -> int:
    """The mentions of a split of the demo corpus."""
    return sum(tag.startswith("B-") for tags in tag_column(load_ner_dataset("demo:en")[split]) for tag in tags)


def results_of(output: Path) -> dict:
    return json.loads((output / "results.json").read_text(encoding="utf-8"))


def test_it_leaves_taggers_data_sets_and_results_and_nothing_half_written(finished):
    output, _ = finished
    assert sorted(path.name for path in output.iterdir()) == [
        "aug",
        "control",
        "data",
        "kept",
        "noaug",
        "rejected",
        "results.json",
    ]


def test_kept_and_rejected_open_with_load_dataset_and_agree_with_the_counts(finished, tmp_path):
    output, printed = finished
    counts = results_of(output)["counts"]
    kept = load_dataset(str(output / "kept"), split="train", cache_dir=str(tmp_path))
    rejected = load_dataset(str(output / "rejected"), split="train", cache_dir=str(tmp_path))
    assert counts["examples"] == 60
    assert (len(kept), len(rejected)) == (counts["kept"], sum(counts["rejected"].values()))
    assert len(kept) > 0 and len(rejected) > 0
    assert counts["candidates"] == counts["kept"] + sum(counts["rejected"].values())
    assert set(kept["reason"]) == {None} and set(rejected["reason"]) == set(counts["rejected"])
    train = load_ner_dataset("demo:en", num_train_examples=60, seed=3)["train"]
    assert set(kept["source_id"]) <= set(train["id"])
    assert kept.features["ner_tags"] == train.features["ner_tags"]
    assert f"60 examples -> {counts['candidates']} candidates" in printed
    data = load_dataset(str(output / "data"), cache_dir=str(tmp_path))
    assert data["train"].to_list() == mix(train, kept, seed=3).to_list()
    for split in ("validation", "test"):
        assert data[split].to_list() == with_provenance(load_ner_dataset("demo:en")[split]).to_list()


def test_the_scores_in_the_results_are_those_of_the_saved_taggers(finished):
    output, _ = finished
    test = load_ner_dataset("demo:en")["test"]
    for name in ("NoAug", "Control", "Aug"):
        saved = results_of(output)["taggers"][name]
        effects = causal_effects(str(output / name.lower()), test)
        for level in ("strict", "relaxed", "token"):
            assert effects[level].f1 == saved["test"][level]["f1"]
            assert effects[level].to_dict() == saved["causal"][level]
        assert saved["seqeval"]["micro avg"]["f1-score"] == pytest.approx(saved["test"]["strict"]["f1"], abs=1e-12)


def test_the_three_taggers_take_equal_steps_and_equal_numbers_of_counterfactuals(finished):
    output, _ = finished
    taggers = results_of(output)["taggers"]
    assert all([entry["step"] for entry in tagger["dev"]] == list(range(6, 73, 6)) for tagger in taggers.values())
    kept = results_of(output)["counts"]["kept"]
    assert taggers["NoAug"]["examples"] == 60
    assert taggers["Control"]["examples"] == taggers["Aug"]["examples"] == 60 + kept


def test_it_prints_both_tables_and_a_line_to_deploy_that_works_when_pasted(finished, capsys):
    output, printed = finished
    results = results_of(output)
    strict = {name: 100 * tagger["test"]["strict"]["f1"] for name, tagger in results["taggers"].items()}
    for name in ("NoAug", "Control", "Aug"):
        rows = [line for line in printed.splitlines() if re.match(rf"{name} +\d", line)]
        assert len(rows) == 2
        assert float(rows[0].split()[1]) == pytest.approx(strict[name], abs=0.051)
    assert f"Aug over NoAug, F1: strict {strict['Aug'] - strict['NoAug']:+.1f}" in printed
    dev = {name: tagger["dev_strict_f1"] for name, tagger in results["taggers"].items()}
    found = results["recommendation"]
    assert found["f1"] == dev and (found["sentences"], found["mentions"]) == (60, mentions_of("validation"))
    text = recommendation_text(Recommendation.from_dict(found))
    assert f"\n\n{text}\n" in printed
    line = printed.rstrip().splitlines()[-1]
    assert line.startswith("import hf_cfgen.modeling; ")
    test = load_ner_dataset("demo:en")["test"]
    texts, gold = [" ".join(words) for words in test["tokens"]], tag_column(test)
    assert line.endswith(f", aggregation_strategy='simple')({texts[0]!r}))") and any(test["ner_tags"][0])
    exec(line.replace(repr(texts[0]), repr(texts)), {})
    found = literal_eval(capsys.readouterr().out)
    predicted = intervened_predictions(
        str(output / results["recommendation"]["tagger"].lower()), test["tokens"], gold
    )["predictions"]
    expected = [
        [(s.label, " ".join(words[s.start : s.end])) for s in tags_to_spans(tags)]
        for words, tags in zip(test["tokens"], predicted)
    ]
    assert [[(mention["entity_group"], mention["word"]) for mention in mentions] for mentions in found] == expected
    assert any(expected)
    exec(line, {})
    assert literal_eval(capsys.readouterr().out) == found[0]


@pytest.mark.parametrize(
    ("unit", "tokens", "argument"),
    [
        ("words", ["Bo", "sings", "."], "'Bo sings .'"),
        ("words", ["don't", "sing"], "[\"don't\", 'sing'], is_split_into_words=True"),
        ("whitespace", ["don't", "sing"], '"don\'t sing"'),
        ("whitespace", ["New York", "sings"], "['New York', 'sings'], is_split_into_words=True"),
        ("characters", ["北", " ", "京"], "'北 京'"),
        ("characters", ["北", "2019"], "['北', '2019'], is_split_into_words=True"),
    ],
)
def test_the_line_to_deploy_passes_a_text_if_it_gives_the_words(unit, tokens, argument, tmp_path):
    model, _ = tiny_lstm([["Bo"]])
    model.config.text_unit = unit
    model.save_pretrained(tmp_path)
    test = Dataset.from_dict({"tokens": [["x"], tokens], "ner_tags": [[0], [1] * len(tokens)]})
    assert run._usage_line(tmp_path, test).endswith(f", aggregation_strategy='simple')({argument}))")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(finished, tmp_path):
    output, _ = finished
    written = (output / "kept" / "train-00000-of-00001.parquet").read_bytes()
    main(["run", *options(tmp_path / "again")])
    assert (tmp_path / "again" / "kept" / "train-00000-of-00001.parquet").read_bytes() == written
    again, first = results_of(tmp_path / "again"), results_of(output)
    for results in (again, first):
        for tagger in results["taggers"].values():
            del tagger["seconds"]
    assert again == first
    main(["run", *options(tmp_path / "other", seed=4, control=None)])
    assert (tmp_path / "other" / "kept" / "train-00000-of-00001.parquet").read_bytes() != written


def test_aug_and_control_have_context_dropout_and_noaug_has_none(finished, tmp_path):
    dropped, never = finished[0], tmp_path / "out"
    main(["run", *options(never, context_dropout=0)])
    plain, results = results_of(never), results_of(dropped)
    assert results["config"] == {**plain["config"], "context_dropout": 0.02}
    assert "--context_dropout 0.0" in plain["command"] and "--context_dropout 0.02" in results["command"]
    for name in ("kept", "rejected"):  # NoAug judges
        files = [(output / name / "train-00000-of-00001.parquet").read_bytes() for output in (dropped, never)]
        assert files[0] == files[1]
    for name, tagger in results["taggers"].items():
        without = name == "NoAug"
        assert (tagger["context_dropout"], plain["taggers"][name]["context_dropout"]) == (0.02 * (not without), 0)
        weights = [(output / name.lower() / "model.safetensors").read_bytes() for output in (dropped, never)]
        assert (weights[0] == weights[1]) == without
        assert "ontext dropout" not in str(model_card(never, name, "a/b"))
        assert ("**Context dropout.**" in str(model_card(dropped, name, "a/b"))) != without
    before, after = (str(dataset_card(output, "a/b")) for output in (never, dropped))
    assert "context dropout" not in before and "Control" in before
    assert "zero with probability 0.02" in after


def test_the_defaults_depend_on_the_kind_of_model(minilm, tmp_path, monkeypatch):
    training = TaggerTrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    big = AutoConfig.from_pretrained(minilm)
    big.hidden_size = 768
    big.save_pretrained(tmp_path / "big")
    expected = {"lstm": (1200, 1e-2, 0.2), minilm: (720, 2e-4, 0.0), str(tmp_path / "big"): (720, 5e-5, 0.0)}
    for model, (steps, rate, dropout) in expected.items():
        defaults = RunArguments(dataset="demo:en", model=model).training_defaults()
        made = with_defaults(training, defaults)
        assert (made.max_steps, made.learning_rate, defaults.context_dropout) == (steps, rate, dropout)
    given = TaggerTrainingArguments(output_dir=str(tmp_path), use_cpu=True, learning_rate=0.5, max_steps=7)
    made = with_defaults(given, RunArguments(dataset="demo:en").training_defaults())
    assert (made.max_steps, made.learning_rate) == (7, 0.5)
    used = {}

    def stop(arguments, data, rows, vectors, training, checkpoints):
        used[training.context_dropout] = training.max_steps, training.learning_rate
        raise KeyboardInterrupt

    monkeypatch.setattr("hf_cfgen.cli.run.train_tagger", stop)
    with pytest.raises(KeyboardInterrupt):
        main(["run", *options(tmp_path / "out", max_steps=None, learning_rate=None, context_dropout=None)])
    assert used == {0.0: (1200, 1e-2)}
    config = json.loads((tmp_path / "out" / "started.json").read_text(encoding="utf-8"))["config"]
    assert (config["max_steps"], config["learning_rate"], config["context_dropout"]) == (1200, 1e-2, 0.2)


def test_options_come_from_yaml_and_the_command_line_wins(tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text(
        yaml.safe_dump(OPTIONS | {"max_steps": 5, "control": False, "output_dir": str(tmp_path / "out")})
    )
    main(["run", "--config", str(config), "--max_steps", "2"])
    results = results_of(tmp_path / "out")
    assert (results["config"]["max_steps"], results["config"]["num_train_examples"]) == (2, 60)
    assert set(results["taggers"]) == {"NoAug", "Aug"}
    assert not (tmp_path / "out" / "control").exists()


def test_a_config_file_is_read_in_either_spelling_and_the_last_one_wins(tmp_path, capsys):
    for name, k in (("one", 3), ("two", 0)):
        (tmp_path / f"{name}.yaml").write_text(f"dataset: demo:en\nk: {k}\n")
    for spelling in (["--config", f"{tmp_path}/two.yaml"], [f"--config={tmp_path}/two.yaml"]):
        with pytest.raises(SystemExit):
            main(["run", f"--config={tmp_path}/one.yaml", *spelling, "--output_dir", str(tmp_path / "out")])
        assert "k is 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --dataset"),
        (
            ["--dataset", "demo:en", "--metric_for_best_model", "loss"],
            "--metric_for_best_model is 'loss': training needs",
        ),
        (["--dataset", "demo:en", "--lr_scheduler_type", "zigzag"], "zigzag"),
        (["--dataset", "demo:en", "--hidden_size", "0"], "--hidden_size is 0: give 1 to"),
        (["--dataset", "demo:en", "--scheme", "IO"], "unknown tagging scheme 'IO'"),
        (["--dataset", "demo:en", "--tokens_column", "words"], "no column 'words' among"),
        (["--dataset", ""], "path is empty"),
        (["--dataset", "demo:en", "--recipe", "all"], "unknown recipe 'all'"),
        (["--dataset", "demo:en", "--k", "many"], "argument --k: invalid int value: 'many'"),
        (["--dataset", "demo:en", "--split_sizes", "1,2"], "--split_sizes: '1,2': give 3 numbers"),
        (["--dataset", "demo:en", "--no_such_option", "1"], "--no_such_option"),
        (
            ["--dataset", "demo:en", "--model", "bert", "--vectors", "v"],
            "--vectors applies only to the LSTM: remove it",
        ),
        (["--dataset", "demo:en", "--model", "bert", "--crf", "false"], "--crf applies only to the LSTM"),
        (["--dataset", "demo:en", "--model", "bert", "--freeze_embeddings", "false"], "--freeze_embeddings applies"),
        (["--dataset", "demo:en", "--vectors", "nowhere.vec"], "nowhere.vec: no such file"),
        (["--dataset", "demo:en", "--model", "nowhere/bert"], "no model at 'nowhere/bert'"),
        (["--dataset", "demo:en", "--num_train_examples", "100000"], "100000"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: not a readable YAML file"),
    ],
)
def test_bad_options_end_with_one_line_and_status_2_and_leave_nothing(tmp_path, capsys, arguments, message):
    output = tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        main(["run", *arguments, "--output_dir", str(output)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("hf-cfgen: ") and error.count("\n") == 1
    assert not output.exists()


def test_an_id_that_a_counterfactual_may_get_is_found_before_anything_is_trained(tmp_path, capsys):
    def write(split: str, *ids: str) -> None:
        rows = [{"id": i, "tokens": [f"Bo{i}", "ran"], "ner_tags": ["B-PER", "O"]} for i in ids]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    small = options(tmp_path / "out", dataset=tmp_path, num_train_examples=None, control=None, max_steps=1)
    write("train", "a", "a#3", "c", "d", "e")
    for split in ("validation", "test"):
        write(split, "v", "v#3", "w")  # which nothing is made of
    with pytest.raises(SystemExit) as ended:
        main(["run", *small])
    assert ended.value.code == 2 and not (tmp_path / "out").exists()
    message = "the id 'a#3' is reserved for counterfactuals of row 'a': give this row another id"
    assert message in capsys.readouterr().err
    write("train", "a", "b", "c", "d", "e")
    main(["run", *small])


def test_an_unknown_option_in_yaml_names_the_file(tmp_path, capsys):
    config = tmp_path / "run.yaml"
    config.write_text("dataset: demo:en\nkk: 3\n")
    with pytest.raises(SystemExit) as ended:
        main(["run", "--config", str(config)])
    assert ended.value.code == 2
    assert "run.yaml: unknown option kk" in capsys.readouterr().err


def test_an_output_folder_of_another_run_or_of_something_else_is_left_alone(finished, tmp_path, capsys):
    output, _ = finished
    before = (output / "results.json").read_bytes()
    with pytest.raises(SystemExit):
        main(["run", *options(output, seed=9)])
    assert "holds another run: choose another --output_dir, or delete that folder" in capsys.readouterr().err
    assert (output / "results.json").read_bytes() == before
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(SystemExit):
        main(["run", *options(tmp_path)])
    assert "is not empty and does not hold a run" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(SystemExit):
        main(["run", *options(tmp_path / "thesis.tex" / "out")])
    assert "thesis.tex is a file: choose another --output_dir" in capsys.readouterr().err


def test_a_folder_named_like_ours_but_of_no_run_is_left_alone(tmp_path, capsys):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit):
        main(["run", *options(tmp_path)])
    assert "is not empty and does not hold a run" in capsys.readouterr().err
    assert (tmp_path / "kept" / "mine.txt").read_text() == "mine"


def test_a_run_that_was_cut_off_leaves_no_results_and_can_be_started_again(tmp_path, monkeypatch):
    output = tmp_path / "out"
    small = options(output, max_steps=36, control=None, num_train_examples=20)

    def cut_off(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hf_cfgen.cli.run.generate_counterfactuals", cut_off)
        with pytest.raises(KeyboardInterrupt):
            main(["run", *small])
    assert sorted(path.name for path in output.iterdir()) == ["noaug", "started.json"]
    with monkeypatch.context() as patch:
        patch.setattr("datasets.Dataset.to_parquet", cut_off)
        with pytest.raises(KeyboardInterrupt):
            main(["run", *small])
    assert sorted(path.name for path in output.iterdir()) == ["kept.partial", "noaug", "started.json"]
    main(["run", *small])
    left = ["aug", "data", "kept", "noaug", "rejected", "results.json"]
    assert sorted(path.name for path in output.iterdir()) == left


def test_the_results_of_an_earlier_run_go_only_when_the_input_is_good(finished, tmp_path, capsys):
    output, _ = finished
    copied = tmp_path / "out"
    shutil.copytree(output, copied)
    with pytest.raises(SystemExit):
        main(["run", *options(copied, adam_beta2=0.5)])
    assert "holds another run" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["run", *options(tmp_path / "new", dataset=copied / "kept")])
    assert "which counterfactual rows add: give observational examples" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_data_set_without_rows_is_left_out_since_datasets_cannot_open_it(tmp_path, monkeypatch):
    def none_kept(*args, **kwargs):
        made = generate_counterfactuals(*args, **kwargs)
        return made._replace(kept=made.kept.select([]), rejected=made.kept)

    monkeypatch.setattr("hf_cfgen.cli.run.generate_counterfactuals", none_kept)
    main(["run", *options(tmp_path / "out", max_steps=1, control=None, num_train_examples=20)])
    left = ["aug", "data", "noaug", "rejected", "results.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == left
    assert results_of(tmp_path / "out")["taggers"]["Aug"]["examples"] == 20


def test_the_paper_s_lstm_is_one_flag():
    model, _ = create_tagger(RunArguments(dataset="demo:en", model="lstm-paper"), load_ner_dataset("demo:en"), None)
    assert (model.config.num_hidden_layers, model.config.hidden_size) == (2, 512)


def test_seqeval_reads_every_scheme_and_agrees_with_ours():
    gold = [["B-A", "L-A", "O", "U-B"], ["B-A", "M-A", "E-A"]]
    predicted = [["B-A", "L-A", "U-B", "O"], ["B-A", "E-A", "O"]]
    report = seqeval_report(gold, predicted)
    assert report["micro avg"] == {"precision": 1 / 3, "recall": 1 / 3, "f1-score": 1 / 3, "support": 3.0}
    assert report["A"]["f1-score"] == 0.5 == ner_scores(gold, predicted).strict.by_type["A"].f1
    assert seqeval_report([["O"]], [["O"]]) == {}
