"""What all scripts here share: rows come in by a file, rows and seconds go out by another."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.row_check import Row


def run(version: str, augment: Callable[[list[Row], int, int], tuple[list[Row], float]]) -> None:
    """Be the script `python -m benchmarks.peers.NAME IN.json OUT.json ROWS_A_SENTENCE SEED`.

    Args:
        version (`str`): The package's.
        augment (`Callable`): Takes rows, how many to make of each, and a seed; gives rows and the seconds that the
            package took, from the objects it takes, with the collection of forms, to the objects it gives.
    """
    source, target, count, seed = sys.argv[1:]
    rows, seconds = augment(json.loads(Path(source).read_text(encoding="utf-8")), int(count), int(seed))
    outcome = {"version": version, "seconds": seconds, "rows": rows}
    Path(target).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")
