"""Measure good rows per second to disk of hf_cfgen and of other packages that replace mentions.

    python -m benchmarks.generation --data_dir FOLDER [--peers_dir runs/peers] [--repeats 5] \
        [--results experiments/results/benchmarks/generation.json]

FOLDER has the folder `cluener`. Every package except hf_cfgen runs in a separate environment, see
`benchmarks.alternatives`. The packages alternate. Each turn is a new process and starts with a warm-up run.
"""

import argparse
import tempfile
from collections.abc import Sequence
from datetime import date
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from datasets import Dataset, load_from_disk

from benchmarks.alternatives import (
    PEERS,
    REPOSITORY,
    ROWS_A_SENTENCE,
    SEED,
    SENTENCES,
    Outcome,
    python_of,
    run_in_turn,
    sample,
)
from benchmarks.row_check import Row, check_rows, good_rows
from benchmarks.timing import environment, in_turn
from hf_cfgen import CfgenConfig, generate_counterfactuals
from hf_cfgen.errors import CfgenError
from hf_cfgen.utils.files import write_json

TIMED = (
    "one process, a second run after one to warm up: from the objects that the package takes, with the collection of "
    "forms, until the rows stand on disk as a Dataset. hf_cfgen takes a Dataset on disk, and its rows stand in the "
    "Arrow file that datasets.map writes; rows of the others are made a Dataset and saved with save_to_disk"
)


def rates(sources: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the numbers of one package.

    Args:
        sources (`Sequence[Row]`): The rows that were augmented.
        outcomes (`Sequence[Outcome]`): The outcomes of its runs.

    Returns:
        `dict`: The counts of `check_rows`, `good` (valid, changed, unique rows), `milliseconds` (the median, and the
        lowest and highest), `milliseconds_augmenting` (the median without the writing) and `good_rows_per_second`.
    """
    rows = outcomes[0].rows
    good = good_rows(sources, rows)
    seconds = [outcome.seconds_to_disk for outcome in outcomes]
    return {
        **check_rows(sources, rows),
        "good": good,
        "milliseconds": round(median(seconds) * 1e3, 1),
        "milliseconds_lowest_and_highest": [round(min(seconds) * 1e3, 1), round(max(seconds) * 1e3, 1)],
        "milliseconds_augmenting": round(median(outcome.seconds for outcome in outcomes) * 1e3, 1),
        "good_rows_per_second": round(good / median(seconds)),
    }


def map_alone(sources: Sequence[Row], repeats: int) -> dict[str, Any]:
    """Time a `datasets.map` that writes existing rows: the shortest time of any transform with a cache.

    Args:
        sources (`Sequence[Row]`): The rows to augment.
        repeats (`int`): The number of runs after one warm-up run.

    Returns:
        `dict`: `rows`, and `milliseconds`, the median.
    """
    with tempfile.TemporaryDirectory() as folder:
        Dataset.from_list(list(sources)).save_to_disk(folder)
        data = load_from_disk(folder).with_format("arrow")
        made = generate_counterfactuals(data, config=CfgenConfig("budget", k=ROWS_A_SENTENCE, seed=SEED)).kept
        table = made.with_format("arrow")[:]
        numbers = count()

        def write() -> int:
            # a new fingerprint each time, because hashing the function would hash the rows
            return len(
                data.map(
                    lambda batch: table,
                    batched=True,
                    batch_size=None,
                    remove_columns=data.column_names,
                    features=made.features,
                    new_fingerprint=f"{next(numbers):016x}",
                )
            )

        seconds, rows = in_turn({"map": write}, repeats)
    return {"rows": rows["map"], "milliseconds": round(seconds["map"] * 1e3, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--peers_dir", type=Path, default=REPOSITORY / "runs" / "peers")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--results", type=Path, default=REPOSITORY / "experiments/results/benchmarks/generation.json")
    arguments = parser.parse_args()
    try:
        rows = sample(arguments.data_dir / "cluener")
    except CfgenError as error:
        parser.error(str(error))
    pythons = {peer.name: python_of(peer, arguments.peers_dir) for peer in PEERS}
    outcomes = run_in_turn(PEERS, pythons, {"CLUENER": rows}, [0] * arguments.repeats)
    packages = {
        peer.name: {"version": runs[0].version, "requirements": list(peer.requirements), **rates(rows, runs)}
        for (peer, _), runs in outcomes.items()
    }
    ours, *others = (package["good_rows_per_second"] for package in packages.values())
    fastest = max(list(packages)[1:], key=lambda name: packages[name]["good_rows_per_second"])
    results = {
        "checked": date.today().isoformat(),
        "sample": f"the first {SENTENCES} train sentences of CLUENER, tags in BIO as strings, {ROWS_A_SENTENCE} rows "
        f"a sentence, seed {SEED}, {arguments.repeats} repeats in turn",
        "timed": TIMED,
        "environment": environment(),
        "packages": packages,
        "map_alone": map_alone(rows, arguments.repeats),
        "fastest_peer": fastest,
        "ratio": round(ours / max(others), 2),
    }
    for name, package in packages.items():
        print(f"{name}: {package['good']} good of {package['rows']} rows, {package['good_rows_per_second']} a second")
    print(f"hf_cfgen against {fastest}: {results['ratio']}")
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    write_json(arguments.results, results)


if __name__ == "__main__":
    main()
