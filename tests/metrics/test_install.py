"""`hf-cfgen install-metrics`: the metrics by name, from any folder, offline; and their folders as Spaces."""

import json
import os
import subprocess
import sys
from pathlib import Path

import evaluate
import pytest
from evaluate.loading import evaluation_module_factory

from hf_cfgen.cli.main import main
from hf_cfgen.metrics import install
from hf_cfgen.tagging.scoring import causal_scores, ner_scores

from ..hub_server import TOKEN, running

FOLDER = install.FOLDER
NAMES = ("ace_ri", "ner_f1")
GOLD = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "O", "O"], ["B-PER", "O", "O"]]
PREDICTED = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC", "O", "O"], ["O", "B-PER", "O"]]
DO_CONTEXT = [["B-PER", "I-PER", "O", "O"], ["O", "B-PER", "O", "O"], ["B-PER", "O", "O"]]
DO_ENTITY = [["O", "O", "O", "B-LOC"], ["O", "O", "O", "O"], ["O", "O", "O"]]
PASSES = {"predictions": PREDICTED, "references": GOLD, "do_context": DO_CONTEXT, "do_entity": DO_ENTITY}
ACE, NER = causal_scores(GOLD, PREDICTED, DO_CONTEXT, DO_ENTITY).to_dict(), ner_scores(GOLD, PREDICTED).to_dict()

SCORE = f"""
import evaluate, json, pickle, sys
passes = {PASSES!r}
def score(metric):
    return metric.compute(**{{name: passes[name] for name in metric.features}})
"""
BY_NAME = """
ace, ner = evaluate.load("ace_ri"), evaluate.load("ner_f1")
scores = {"ace": score(ace), "ner": score(ner)}
scores["pickled ace"], scores["pickled ner"] = (score(pickle.loads(pickle.dumps(metric))) for metric in (ace, ner))
scores["combined"] = evaluate.combine(["ner_f1", "ace_ri"]).compute(**passes)
print(json.dumps(scores))
"""
TO_THE_HUB = f"""
from huggingface_hub import HfApi
api = HfApi()
for name in {NAMES}:
    api.create_repo("someone/" + name, repo_type="space", space_sdk="gradio")
    api.upload_folder(repo_id="someone/" + name, repo_type="space", folder_path="{FOLDER}/" + name,
                      ignore_patterns="*.pyc")
"""
FROM_THE_HUB = """
sys.modules["hf_cfgen"] = None
try:
    evaluate.load("someone/ace_ri")
except ImportError as error:
    scores = {"without hf_cfgen": str(error)}
del sys.modules["hf_cfgen"]
for name in ("someone/ace_ri", "someone/ner_f1", "ner_f1"):
    scores[name] = score(evaluate.load(name))
print(json.dumps(scores))
"""


class Machine:
    """Python, run in `/` with a Hugging Face home of its own, where the metrics have been installed."""

    def __init__(self, home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "EVALUATE_"))}
        offline = {"HF_HUB_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1"}
        self.environment = kept | offline | {"HF_HOME": str(home), "PYTHONPATH": str(FOLDER.parent.parent)}
        self.printed = self.run("-m", "hf_cfgen.cli.main", "install-metrics").stdout
        self.cache = home / "modules" / "evaluate_modules" / "metrics"

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command, environment = [sys.executable, *arguments], self.environment | environment
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("home"))


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The modules cache of evaluate, empty."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # evaluate puts the cache there
    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", tmp_path / "modules")
    return tmp_path / "modules"


def loaded(name: str, cache: Path) -> bytes:
    """The script that `evaluate.load(name)` runs."""
    module = evaluation_module_factory(name, "metric", dynamic_modules_path=str(cache / "evaluate_modules"))
    return cache.joinpath(*module.module_path.split(".")).with_suffix(".py").read_bytes()


def packaged(name: str) -> bytes:
    return (install.FOLDER / name / f"{name}.py").read_bytes()


def other_version(folder: Path, comment: str) -> Path:
    for name in NAMES:
        script = folder / name / f"{name}.py"
        script.parent.mkdir(parents=True)
        script.write_bytes((FOLDER / name / script.name).read_bytes() + comment.encode())
    return folder


def test_installed_metrics_load_by_name_from_any_folder_combine_and_pickle(machine: Machine) -> None:
    done = machine.run("-c", SCORE + BY_NAME)
    scores = json.loads(done.stdout)
    assert scores == {
        "ace": ACE,
        "ner": NER,
        "pickled ace": ACE,
        "pickled ner": NER,
        "combined": {f"ner_f1_{level}": NER[level] for level in NER}
        | {f"ace_ri_{level}": ACE[level] for level in ACE},
    }
    # strict, worked by hand: 2 hits of 4 predicted and 4 gold; do(c0): 2 of 3 and 4; do(e0): 1 of 1 and 4
    strict = scores["ace"]["strict"]
    assert (strict["f1"], strict["ri"]) == (pytest.approx(4 / 8), pytest.approx(4 / 7 - 2 / 5))
    assert "Using the latest cached version" in done.stderr


def test_the_command_prints_what_it_installed_where(machine: Machine) -> None:
    copies = [*machine.cache.glob("evaluate-metric--ace_ri/*/ace_ri.py"), *machine.cache.glob("*--ner_f1/*/ner_f1.py")]
    assert [copy.read_bytes() for copy in copies] == [packaged("ace_ri"), packaged("ner_f1")]
    assert machine.printed.splitlines() == [
        f'evaluate.load("{copy.stem}") works from any folder: installed, {copy}' for copy in copies
    ]


def test_the_folders_can_be_pushed_as_spaces_and_load_from_them_and_installed_metrics_load_online_too(
    machine: Machine,
) -> None:
    with running() as hub:
        online = {"HF_EVALUATE_OFFLINE": "0", "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.endpoint}
        machine.run("-c", TO_THE_HUB, HF_TOKEN=TOKEN, HF_HUB_DISABLE_XET="1", **online)
        done = machine.run("-c", SCORE + FROM_THE_HUB, EVALUATE_VERBOSITY="error", **online)
    for name in NAMES:
        files = hub.repositories["spaces", f"someone/{name}"].head[1]
        assert {path: file.content for path, file in files.items() if path != ".gitattributes"} == {
            path.name: path.read_bytes() for path in (FOLDER / name).iterdir() if path.is_file()
        }
        assert any(f"title: {name}\nemoji: " in card for card in hub.cards)
    scores = json.loads(done.stdout)
    assert "pip install hf_cfgen" in scores.pop("without hf_cfgen")
    assert scores == {"someone/ace_ri": ACE, "someone/ner_f1": NER, "ner_f1": NER}
    assert "Using the latest cached version" not in done.stderr


def test_without_the_step_the_names_are_not_found(cache: Path) -> None:
    for name in NAMES:
        with pytest.raises(FileNotFoundError, match=f"'{name}' doesn't exist on the Hugging Face Hub either"):
            loaded(name, cache)


def test_a_second_installation_changes_nothing(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["install-metrics"])
    first = capsys.readouterr().out
    files = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in cache.rglob("*") if path.is_file()}
    main(["install-metrics"])
    again = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in cache.rglob("*") if path.is_file()}
    assert {path.name for path in files} >= {"ace_ri.py", "ner_f1.py"}
    assert again == files
    assert capsys.readouterr().out == first.replace(": installed, ", ": already installed, ")


# a comment does not change the hash that evaluate gives a script
@pytest.mark.parametrize("difference", ["\nVERSION = 2\n", "\n# a comment\n"])
def test_the_version_installed_last_wins_be_it_newer_or_older(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: str
) -> None:
    main(["install-metrics"])
    for name in NAMES:
        copy, _ = install.install_metric(name)
        os.utime(copy, (2**31, 2**31))  # of several, evaluate takes the file that was modified last
    monkeypatch.setattr(install, "FOLDER", other_version(tmp_path / "other", difference))
    main(["install-metrics"])
    assert [loaded(name, cache) for name in NAMES] == [packaged(name) for name in NAMES]
    assert all(packaged(name).endswith(difference.encode()) for name in NAMES)
    monkeypatch.setattr(install, "FOLDER", FOLDER)
    main(["install-metrics"])
    assert [loaded(name, cache) for name in NAMES] == [packaged(name) for name in NAMES]


def test_what_an_interrupted_installation_left_is_repaired(cache: Path) -> None:
    copy, _ = install.install_metric("ner_f1")
    (copy.parents[1] / ("0" * 64)).mkdir()  # a version without its script, and evaluate finds none at all
    with pytest.raises(FileNotFoundError):
        loaded("ner_f1", cache)
    assert install.install_metric("ner_f1") == (copy, True)
    assert loaded("ner_f1", cache) == packaged("ner_f1")
    copy.write_bytes(packaged("ner_f1")[:100])
    assert install.install_metric("ner_f1") == (copy, True)
    assert loaded("ner_f1", cache) == packaged("ner_f1")
    copy.unlink()
    assert install.install_metric("ner_f1") == (copy, True)
    assert loaded("ner_f1", cache) == packaged("ner_f1")


def test_the_command_takes_no_options(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["install-metrics", "--force"])
    assert capsys.readouterr().err.startswith("hf-cfgen: --force: unknown option: ")
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_named(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.write_text("a file")
    with pytest.raises(SystemExit, match="2"):
        main(["install-metrics"])
    error = capsys.readouterr().err
    assert error.startswith("hf-cfgen: ") and str(cache) in error and error.count("\n") == 1
