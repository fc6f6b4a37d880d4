"""Same rows everywhere: what must not change the rows, the verdicts and the scores, and what must."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from datasets import Dataset, DatasetDict, IterableDataset, concatenate_datasets, load_from_disk

from hf_cfgen import CfgenConfig, EntitySets, Intervene, generate_counterfactuals, load_ner_dataset
from hf_cfgen.cli.main import MAIN_FIRST_SECONDS, main
from hf_cfgen.counterfactual.counts import REASONS
from hf_cfgen.counterfactual.generation import discriminate_counterfactuals
from hf_cfgen.data.columns import tag_column
from hf_cfgen.evaluation.scores import evaluate_tagger
from hf_cfgen.modeling.create import lstm_tagger
from hf_cfgen.modeling.pipeline import DiscriminatorPipeline, as_discriminator
from hf_cfgen.training.config import TaggerTrainingArguments
from hf_cfgen.training.trainer import TaggerTrainer

from ..make_rows import RECIPES, augment_options, counted_calls, counted_passes, write_rows
from ..samples import json_lines

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = 60
# steps so small that no weight changes: every tagger of the run is the checkpoint
STANDING_STILL = ["--max_steps", "1", "--learning_rate", "1e-30", "--use_cpu", "true", "--disable_tqdm", "true"]


@pytest.fixture(scope="module")
def data() -> DatasetDict:
    return load_ner_dataset("demo:en", num_train_examples=EXAMPLES)


@pytest.fixture(scope="module")
def checkpoint(data, tmp_path_factory) -> str:
    """A tagger that has learned something but not all, with windows of 12 words."""
    folder = tmp_path_factory.mktemp("checkpoint")
    torch.manual_seed(0)
    names = data["train"].features["ner_tags"].feature.names
    model, tokenizer = lstm_tagger(data["train"]["tokens"], names, hidden_size=16, embedding_size=16)
    tokenizer.model_max_length = 12
    options = TaggerTrainingArguments(
        output_dir=str(folder / "training"), max_steps=72, learning_rate=3e-2, use_cpu=True, disable_tqdm=True
    )
    trainer = TaggerTrainer(model, options, data["train"], data["validation"], tokenizer)
    trainer.train()
    model.save_pretrained(folder / "tagger")
    tokenizer.save_pretrained(folder / "tagger")
    return str(folder / "tagger")


@pytest.fixture(scope="module")
def judge(checkpoint) -> DiscriminatorPipeline:
    """It reads the first window only, so that some mentions are truncated."""
    return as_discriminator(checkpoint, stride=None)


Made = tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]


def made(train: Dataset | IterableDataset, judge: Any = None, recipe: str = "varied", **map_kwargs: Any) -> Made:
    kept, rejected, counts = generate_counterfactuals(train, judge, CfgenConfig(recipe=recipe), **map_kwargs)
    assert kept.features == rejected.features
    return kept.to_list(), rejected.to_list(), counts


@pytest.fixture(scope="module", params=RECIPES)
def expected(request, data, judge) -> tuple[str, Made, Made]:
    recipe = request.param
    return recipe, made(data["train"], judge, recipe), made(data["train"], None, recipe)


def test_the_rows_that_are_compared_are_of_every_kind(expected):
    recipe, (kept, rejected, counts), (unjudged, _, _) = expected
    assert len(kept) > 20 and set(counts.rejected) == set(REASONS)
    assert min(counts.rejected.values()) > 2
    assert counts.duplicates > 10
    assert counts.candidates == len(kept) + len(rejected) == len(unjudged)
    # more candidates than the 1 000 rows of a batch
    assert recipe != "paper" or counts.candidates > 1000
    assert {row["reason"] for row in rejected} == set(REASONS) and {row["reason"] for row in kept} == {None}


@pytest.mark.parametrize(
    "map_kwargs",
    [
        {"num_proc": 1},
        {"num_proc": 2},
        {"batch_size": 1},
        {"batch_size": 7},
        {"batch_size": None},
        {"batch_size": 7, "num_proc": 2},
        {"writer_batch_size": 1},
        {"writer_batch_size": 7},
        {"keep_in_memory": True},
    ],
    ids=str,
)
def test_neither_processes_nor_batches_change_a_row_or_a_verdict(data, judge, expected, map_kwargs):
    recipe, judged, unjudged = expected
    assert made(data["train"], judge, recipe, **map_kwargs) == judged
    assert made(data["train"], None, recipe, **map_kwargs) == unjudged


def saved(train: Dataset, folder: Path) -> Dataset:
    train.save_to_disk(folder / "saved")
    return load_from_disk(folder / "saved")


def parquet(train: Dataset, folder: Path) -> Dataset:
    for shard in range(3):
        train.shard(3, shard, contiguous=True).to_parquet(folder / f"{shard}.parquet")
    return Dataset.from_parquet([str(folder / f"{shard}.parquet") for shard in range(3)], cache_dir=str(folder))


@pytest.mark.parametrize(
    "kind",
    [
        lambda train, _: train.to_iterable_dataset(),
        lambda train, _: train.to_iterable_dataset(num_shards=3),
        saved,
        parquet,
        lambda train, folder: parquet(train, folder).to_iterable_dataset(num_shards=3),
        lambda train, _: concatenate_datasets([train.select(range(20)), train.select(range(20, EXAMPLES))]),
        lambda train, _: train.select(range(EXAMPLES - 1, -1, -1)).select(range(EXAMPLES - 1, -1, -1)),
        lambda train, _: train.with_format("numpy"),
        lambda train, _: train.with_format("pandas"),
    ],
    ids=["stream", "stream of shards", "saved", "parquet", "stream of parquet", "parts", "indices", "numpy", "pandas"],
)
def test_the_kind_of_data_set_changes_no_row_and_no_verdict(data, judge, expected, tmp_path, kind):
    recipe, judged, unjudged = expected
    train = kind(data["train"], tmp_path)
    assert made(train, judge, recipe) == judged
    assert made(train, None, recipe) == unjudged


def test_rows_without_ids_are_counted_alike_in_every_kind_of_data_set(data, tmp_path):
    train = data["train"].remove_columns("id")
    counted = made(train)
    assert {row["source_id"] for row in counted[0]} <= {str(row) for row in range(EXAMPLES)}
    assert made(train.to_iterable_dataset(num_shards=3)) == made(saved(train, tmp_path)) == counted


def test_words_that_numpy_would_not_print_are_compared_too():
    # a long array is printed with an ellipsis: these two candidates would be one
    words, tags = ["x"] * 2000, ["O"] * 2000
    words[1000], tags[1000] = "Ada", "B-PER"
    others = [["Bo"], ["Cy"]]
    train = Dataset.from_dict({"tokens": [words, *others], "ner_tags": [tags, ["B-PER"], ["B-PER"]]})
    assert made(train)[2].candidates == made(train.with_format("numpy"))[2].candidates == 3


def test_the_order_of_the_rows_decides_which_of_equal_candidates_stays_and_nothing_else(data, judge, expected):
    recipe, judged, _ = expected
    train = data["train"]
    turned = train.shuffle(seed=1)
    assert turned["id"][:] != train["id"][:]

    config = CfgenConfig(recipe=recipe)
    assert EntitySets.from_dataset(turned) == EntitySets.from_dataset(train)

    def drawn(rows: Dataset) -> list[dict[str, Any]]:
        batch = Intervene.from_dataset(rows, config)(rows[:])
        return [dict(zip(batch, values)) for values in zip(*batch.values())]

    candidates = {row["id"]: row for row in drawn(train)}
    assert {row["id"]: row for row in drawn(turned)} == candidates

    first, second = (
        {row["id"]: row for row in kept + rejected} for kept, rejected, _ in (judged, made(turned, judge, recipe))
    )
    assert {tuple(row["tokens"]) for row in first.values()} == {tuple(row["tokens"]) for row in second.values()}
    assert len(first) == len(second)
    for rows, source in ((first, train), (second, turned)):
        position = {row_id: i for i, row_id in enumerate(source["id"])}
        kept_of = {tuple(row["tokens"]): row["id"] for row in rows.values()}
        left_out = [row for row in candidates.values() if tuple(row["tokens"]) in kept_of and row["id"] not in rows]
        for row in left_out:
            stays = candidates[kept_of[tuple(row["tokens"])]]
            assert position[stays["source_id"]] <= position[row["source_id"]]
    both = first.keys() & second.keys()
    assert len(candidates) > len(first) > len(both) > 20
    for row_id in both:
        one, other = first[row_id], second[row_id]
        assert {**one, "score": None} == {**other, "score": None}
        assert one["score"] == other["score"] or one["score"] == pytest.approx(other["score"], abs=1e-4)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300
    )


def two_processes(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    return python(*launcher, *arguments, **environment)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_another_process_with_another_hash_seed_writes_the_same_bytes_and_finds_the_cache(data, checkpoint, tmp_path):
    data["train"].save_to_disk(tmp_path / "train")
    data["test"].select(range(50)).save_to_disk(tmp_path / "test")
    with counted_calls() as calls:
        write_rows(checkpoint, tmp_path / "train", tmp_path / "here")
    assert calls == {"Intervene": 2, "Discriminate": 2}
    here = files(tmp_path / "here")
    assert len(here) == 6
    for seed in ("1", "2"):
        paths = [str(tmp_path / name) for name in ("train", "test", seed)]
        run = python("-m", "tests.make_rows", checkpoint, *paths, PYTHONHASHSEED=seed)
        assert run.returncode == 0, run.stderr
        report = json.loads((tmp_path / seed / "0" / "report.json").read_text())
        assert (report["processes"], report["calls"]) == (1, {})
        assert files(tmp_path / seed / "0" / "cached") == files(tmp_path / seed / "0" / "fresh") == here


def test_what_decides_the_rows_misses_the_cache_and_nothing_else_does(data, checkpoint, tmp_path, monkeypatch):
    train = saved(data["train"], tmp_path)
    judge = as_discriminator(checkpoint)

    def called(judge: Any = judge, entity_sets: EntitySets | None = None, **options: Any) -> set[str]:
        with counted_calls() as calls:
            generate_counterfactuals(train, judge, CfgenConfig(**options), entity_sets=entity_sets)
        return set(calls)

    both = {"Intervene", "Discriminate"}
    expected = made(train, judge)
    assert called() == set()
    assert called(as_discriminator(checkpoint)) == set() == called(checkpoint)
    assert called(entity_sets=EntitySets.from_dataset(data["train"])) == set()
    for options in ({"seed": 1}, {"k": 4}, {"recipe": "paper"}):
        assert called(**options) == both
        assert called(**options) == set()
    gazetteer = EntitySets.from_dataset(train, gazetteer={"PLACE": [["Ultima", "Thule"]]})
    assert called(entity_sets=gazetteer) == both
    assert called(as_discriminator(checkpoint, stride=None)) == {"Discriminate"}
    other = as_discriminator(checkpoint)
    with torch.no_grad():
        other.model.head[0].bias[0] += 1e-3
    assert called(other) == {"Discriminate"}
    with monkeypatch.context() as patch:
        patch.setattr("hf_cfgen.counterfactual.discrimination._VERSION", 99)
        assert called() == {"Discriminate"}
    with monkeypatch.context() as patch:
        patch.setattr("hf_cfgen.counterfactual.intervention._VERSION", 99)
        assert called() == both
    assert called() == set()
    assert made(train, judge) == expected == made(data["train"], judge)


def test_the_cache_is_hit_where_ids_are_added(data, checkpoint, tmp_path):
    train = saved(data["train"].remove_columns("id"), tmp_path)
    first = made(train, checkpoint)
    with counted_calls() as calls:
        assert made(load_from_disk(tmp_path / "saved"), checkpoint) == first
    assert not calls


def results_of(output: Path) -> dict[str, Any]:
    results = json.loads((output / "results.json").read_text(encoding="utf-8"))
    for tagger in results["taggers"].values():
        del tagger["seconds"]
    return results


def run_options(checkpoint: str, output: Path) -> list[str]:
    options = {"dataset": "demo:en", "num_train_examples": EXAMPLES, "model": checkpoint, "output_dir": output}
    return [*(part for name, value in options.items() for part in (f"--{name}", str(value))), *STANDING_STILL]


def test_two_processes_make_the_rows_verdicts_scores_and_files_of_one(data, checkpoint, tmp_path):
    lines = [
        {"tokens": tokens, "ner_tags": tags}
        for tokens, tags in zip(data["train"]["tokens"], tag_column(data["train"]))
    ]
    for count in ("one", "two"):
        data["train"].save_to_disk(tmp_path / count / "train")
        (tmp_path / count / "in.jsonl").write_text(json_lines(*lines))
    test = data["test"].select(range(50))
    test.save_to_disk(tmp_path / "test")
    launched = two_processes(
        "-m",
        "tests.make_rows",
        *(checkpoint, str(tmp_path / "two" / "train"), str(tmp_path / "test"), str(tmp_path / "two" / "made")),
        *run_options(checkpoint, tmp_path / "two" / "run"),
    )
    assert launched.returncode == 0, launched.stderr

    main(["run", *run_options(checkpoint, tmp_path / "one" / "run")])
    one, two = files(tmp_path / "one" / "run"), files(tmp_path / "two" / "run")
    del one["results.json"], two["results.json"]  # they tell the seconds
    assert two == one
    results = results_of(tmp_path / "two" / "run")
    assert results == results_of(tmp_path / "one" / "run")
    assert results["counts"]["kept"] > 20 < sum(results["counts"]["rejected"].values())
    assert names(tmp_path / "two" / "run") == ["aug", "data", "kept", "noaug", "rejected", "results.json"]
    assert launched.stdout.count("On dev (") == 1

    main(augment_options(checkpoint, tmp_path / "one"))
    for name in ("out.jsonl", "out.jsonl.candidates.jsonl"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes() != b""
    assert names(tmp_path / "two") == ["in.jsonl", "made", "out.jsonl", "out.jsonl.candidates.jsonl", "run", "train"]
    assert launched.stdout.count(" rows written to ") == 1

    with counted_passes() as passes:
        write_rows(checkpoint, tmp_path / "one" / "train", tmp_path / "one" / "made")
    made = files(tmp_path / "one" / "made")
    scores = json.loads(json.dumps(evaluate_tagger(checkpoint, test).to_dict()))
    assert 0.1 < scores["test"]["token"]["f1"] < 1
    assert names(tmp_path / "two" / "made") == ["0", "1"]
    judged = [json.loads((tmp_path / "two" / "made" / rank / "report.json").read_text())["passes"] for rank in "01"]
    assert sorted(judged[0] + judged[1]) == sorted(passes)
    assert min(sum(judged[0]), sum(judged[1])) > sum(passes) / 4
    for rank in ("0", "1"):
        folder = tmp_path / "two" / "made" / rank
        report = json.loads((folder / "report.json").read_text())
        assert report["processes"] == 2
        # the second one writes nothing
        assert bool(report["changes"]) == (rank == "0")
        assert report["scores"] == scores
        assert files(folder / "cached") == files(folder / "fresh") == made

    # both wrote the same cache files at the same time: they are whole, and no others are left
    shutil.rmtree(tmp_path / "one" / "made")
    with counted_calls() as calls:
        write_rows(checkpoint, tmp_path / "two" / "train", tmp_path / "again")
    assert not calls and files(tmp_path / "again") == made
    assert names(tmp_path / "two" / "train") == names(tmp_path / "one" / "train")


def test_processes_that_do_not_all_have_the_verdicts_in_their_caches_judge_again(
    data, checkpoint, tmp_path, monkeypatch
):
    train = saved(data["train"], tmp_path)
    candidates = generate_counterfactuals(train)
    expected = discriminate_counterfactuals(candidates, checkpoint)
    asked: list[Any] = []

    def gathered(mine: list[Any]) -> list[Any]:
        """What two processes have, of which the other has `found`, and judges nothing."""
        asked.append(mine)
        return [*mine, *([found] if len(asked) == 1 else mine)]

    two = SimpleNamespace(num_processes=2, process_index=0)
    monkeypatch.setattr("hf_cfgen.counterfactual.discrimination.PartialState", lambda: two)
    monkeypatch.setattr("hf_cfgen.counterfactual.discrimination.gather_object", gathered)
    for found, calls_expected in ((True, {}), (False, {"Discriminate": 1})):
        asked.clear()
        with counted_calls() as calls:
            made = discriminate_counterfactuals(candidates, checkpoint)
        assert asked[0] == [True] and calls == calls_expected
        if found:
            assert made.kept.to_list() == expected.kept.to_list()


def test_a_process_that_fails_ends_the_others_and_leaves_no_results(checkpoint, tmp_path):
    script = tmp_path / "fails.py"
    script.write_text(
        "import os, sys, time\n"
        "import hf_cfgen.cli.run\n"
        "from hf_cfgen.cli.main import main\n"
        "from hf_cfgen.evaluation.scores import evaluate_tagger\n"
        "calls = []\n"
        "def second_fails(*arguments):\n"
        "    calls.append(arguments)\n"
        "    if len(calls) == 2 and os.environ['RANK'] == '1':\n"
        "        time.sleep(3)  # the main process has all it needs to finish\n"
        "        raise RuntimeError('of the second process alone')\n"
        "    return evaluate_tagger(*arguments)\n"
        "hf_cfgen.cli.run.evaluate_tagger = second_fails\n"
        "main(['run', *sys.argv[1:]])\n"
    )
    launched = two_processes(str(script), *run_options(checkpoint, tmp_path / "run"))
    assert launched.returncode != 0
    assert "RuntimeError: of the second process alone" in launched.stderr
    assert "On dev (" not in launched.stdout
    assert names(tmp_path / "run") == ["aug", "data", "kept", "noaug", "rejected", "started.json"]


def test_bad_input_is_one_line_of_the_main_process_and_ends_the_others(write, tmp_path):
    bad = write("train.jsonl", '{"tokens": ["a", "b"], "ner_tags": ["O"]}\n')
    output = tmp_path / "run"
    options = ["--dataset", str(bad), "--output_dir", str(output), *STANDING_STILL]
    launched = two_processes("scripts/run_cfgen.py", *options)
    assert launched.returncode != 0
    lines = launched.stderr.splitlines()
    (line,) = [line for line in lines if "hf-cfgen" in line]
    assert line.startswith("hf-cfgen: ") and "train.jsonl" in line
    # the launcher tells of the two: one ended with status 2, the other was ended, and said nothing
    assert "exitcode: 2) local_rank: 0" in launched.stderr
    assert launched.stderr.count("closing signal SIGTERM") == 1
    assert "[rank" not in launched.stderr
    assert not output.exists()


def test_bad_input_that_another_process_alone_has_is_said_by_it_a_little_later(tmp_path, monkeypatch, capsys):
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    (tmp_path / "file").write_text("")
    for rank, expected in (("0", []), ("1", [MAIN_FIRST_SECONDS])):
        monkeypatch.setenv("RANK", rank)
        with pytest.raises(SystemExit):
            main(["run", "--dataset", "demo:en", "--output_dir", str(tmp_path / "file"), "--use_cpu", "true"])
        assert "file is a file: choose another --output_dir" in capsys.readouterr().err
        assert waits == expected


def test_processes_that_do_not_find_each_other_are_refused(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SystemExit) as ended:
        main(["diagnose", "a-model", "some-data"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "hf-cfgen: WORLD_SIZE is 2, but Accelerate sees 1 process: start one process, or fix the launcher settings\n"
    )
