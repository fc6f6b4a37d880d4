"""Compare the rows and the speed of packages that replace mentions, for the table in the README.

    python -m benchmarks.alternatives --data_dir FOLDER [--peers_dir runs/peers] \
        [--results experiments/results/alternatives.json]

FOLDER has the folders `cluener` and `wnut17`. Every package except hf_cfgen runs in a separate environment at
PEERS_DIR/NAME/venv. Missing environments are created, which needs the network. Python 3.11 is the newest version that
adept-augmentations supports.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import datasets

from benchmarks.row_check import Row, check_rows
from benchmarks.timing import environment
from hf_cfgen.data.columns import tag_column
from hf_cfgen.data.reading import read_splits
from hf_cfgen.errors import CfgenError
from hf_cfgen.utils.files import write_json

REPOSITORY = Path(__file__).resolve().parents[1]
CORPORA = {"CLUENER": "cluener", "WNUT-17": "wnut17"}
SENTENCES, ROWS_A_SENTENCE, SEED, REPEATS = 500, 5, 1, 5


class Peer(NamedTuple):
    """A package: its name in the table, its script in `benchmarks.peers`, and its requirements (none for hf_cfgen)."""

    name: str
    module: str
    requirements: tuple[str, ...]


class Outcome(NamedTuple):
    """The result of one run of a package.

    Args:
        version (`str`): The version of the package.
        seconds (`float`): The time of the augmentation.
        seconds_to_disk (`float`): The time until the rows are on disk as a Dataset.
        rows (`list[Row]`): The rows.
    """

    version: str
    seconds: float
    seconds_to_disk: float
    rows: list[Row]


DATASETS = f"datasets=={datasets.__version__}"
AUGMENTY = ("augmenty==1.4.4", "spacy==3.8.18", DATASETS)
PEERS = (
    Peer("hf_cfgen", "hf_cfgen", ()),
    Peer("neraug", "neraug", ("neraug==0.1.1", "seqeval==1.2.2", DATASETS)),
    Peer(
        "adept-augmentations",
        "adept_augmentations",
        ("adept-augmentations==0.1", "datasets==2.21.0", "spacy==3.8.11"),
    ),
    Peer("augmenty", "augmenty", AUGMENTY),
    Peer("nlpcda", "nlpcda", ("nlpcda==2.5.8", DATASETS)),
)
VARIANTS = (Peer("augmenty, replace_consistency=False", "augmenty_inconsistent", AUGMENTY),)


def sample(path: Path, size: int = SENTENCES) -> list[Row]:
    """Return the first `size` train sentences of a dataset with BIO tags; a `CfgenError` says if there are fewer."""
    # load_ner_dataset would take a missing test split from train
    train = read_splits(path, scheme="IOB2").splits["train"]
    if len(train) < size:
        raise CfgenError(f"{path}: {len(train)} train sentences, but {size} are needed: give the whole corpus")
    first = train.select(range(size))
    return [Row(tokens=words, ner_tags=list(tags)) for words, tags in zip(first["tokens"], tag_column(first))]


def python_of(peer: Peer, peers_dir: Path) -> str:
    """Return the Python of a package's environment; create or update the environment if necessary."""
    if not peer.requirements:
        return sys.executable
    environment = peers_dir / peer.requirements[0].partition("==")[0] / "venv"
    python = environment.absolute() / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = ["install", "--quiet", "--disable-pip-version-check", *peer.requirements]
    subprocess.run([str(python), "-m", "pip", *install], check=True)
    return str(python)


def run_apart(python: str, peer: Peer, rows: list[Row], folder: Path, hash_seed: int = 0) -> Outcome:
    """Run the script of a package in a separate process."""
    source, target = folder / "in.json", folder / "out.json"
    source.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    command = [python, "-m", f"benchmarks.peers.{peer.module}", str(source), str(target), f"{ROWS_A_SENTENCE}"]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run([*command, f"{SEED}"], check=True, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL)
    return Outcome(**json.loads(target.read_text(encoding="utf-8")))


def figures(sources: list[Row], outcomes: Sequence[Outcome], other: Outcome) -> dict[str, Any]:
    """Return the numbers of one package on one corpus for the results file.

    Args:
        sources (`list[Row]`): The rows that were augmented.
        outcomes (`Sequence[Outcome]`): The outcomes of equal runs.
        other (`Outcome`): The outcome of a run with another Python hash seed.

    Returns:
        `dict`: The counts of `check_rows`, `rows_per_second` (the median, to two digits), its lowest and highest, and
        `same_rows_under_another_hash_seed`.

    Raises:
        ValueError: Equal runs gave different rows.
    """
    rows = outcomes[0].rows
    if any(outcome.rows != rows for outcome in outcomes):
        raise ValueError("equal runs gave different rows, so the counts cannot be repeated")
    rates = [len(rows) / outcome.seconds for outcome in outcomes]
    return {
        **check_rows(sources, rows),
        "rows_per_second": _rough(median(rates)),
        "rows_per_second_lowest_and_highest": [_rough(min(rates)), _rough(max(rates))],
        "same_rows_under_another_hash_seed": other.rows == rows,
    }


def _rough(rate: float) -> int:
    return int(float(f"{rate:.2g}"))


def run_in_turn(
    peers: Sequence[Peer], pythons: dict[str, str], samples: dict[str, list[Row]], hash_seeds: Sequence[int]
) -> dict[tuple[Peer, str], list[Outcome]]:
    """Run the packages alternately, so that other work on the machine affects all of them alike.

    Args:
        peers (`Sequence[Peer]`): The packages.
        pythons (`dict[str, str]`): The Python of each package, by name.
        samples (`dict[str, list[Row]]`): The rows of each corpus.
        hash_seeds (`Sequence[int]`): Python's hash seed in each turn.

    Returns:
        `dict`: By package and corpus, one outcome per turn.
    """
    outcomes: dict[tuple[Peer, str], list[Outcome]] = {(peer, corpus): [] for corpus in samples for peer in peers}
    with tempfile.TemporaryDirectory() as folder:
        for hash_seed in hash_seeds:
            for peer, corpus in outcomes:
                outcome = run_apart(pythons[peer.name], peer, samples[corpus], Path(folder), hash_seed)
                outcomes[peer, corpus].append(outcome)
                print(
                    f"{peer.name}, {corpus}: {len(outcome.rows)} rows in {outcome.seconds:.3f} s, "
                    f"{outcome.seconds_to_disk:.3f} s to disk",
                    flush=True,
                )
    return outcomes


def measure(peers: Sequence[Peer], pythons: dict[str, str], samples: dict[str, list[Row]]) -> dict[str, Any]:
    """Run the packages, the last turn with another hash seed, and return their versions and numbers by name."""
    measured: dict[str, Any] = {}
    outcomes = run_in_turn(peers, pythons, samples, [0] * REPEATS + [1])
    for (peer, corpus), (*equal, other) in outcomes.items():
        entry = measured.setdefault(peer.name, {"version": other.version, "requirements": list(peer.requirements)})
        entry[corpus] = figures(samples[corpus], equal, other)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--peers_dir", type=Path, default=REPOSITORY / "runs" / "peers")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "experiments" / "results" / "alternatives.json")
    arguments = parser.parse_args()
    if not arguments.results.parent.is_dir():
        parser.error(f"--results: {arguments.results.parent} is no folder: create it")
    try:
        samples = {corpus: sample(arguments.data_dir / folder) for corpus, folder in CORPORA.items()}
    except CfgenError as error:
        parser.error(str(error))
    peers = (*PEERS, *VARIANTS)
    measured = measure(peers, {peer.name: python_of(peer, arguments.peers_dir) for peer in peers}, samples)
    results = {
        "checked": date.today().isoformat(),
        "sample": f"the first {SENTENCES} train sentences of CLUENER and of WNUT-17, tags in BIO, "
        f"{ROWS_A_SENTENCE} rows a sentence, seed {SEED}",
        "note": f"Rates are rough: medians of {REPEATS} runs in turn, to two digits, of the augmentation alone, "
        "without imports and conversions, on a machine that may have been busy: see load_average beside cpus. Rows "
        "without a mention, which some packages give back unchanged, count too.",
        "environment": environment(),
        "packages": {peer.name: measured[peer.name] for peer in PEERS},
        "variants": {peer.name: measured[peer.name] for peer in VARIANTS},
    }
    write_json(arguments.results, results)


if __name__ == "__main__":
    main()
