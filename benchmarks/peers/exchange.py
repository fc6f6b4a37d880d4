"""Code that all scripts here share: rows come in a file; rows and seconds go to another file."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasets import Dataset, disable_progress_bars

from benchmarks.row_check import Row

# the first augments; the second turns its result into rows
Steps = tuple[Callable[[], Any], Callable[[Any], list[Row]]]


def run(version: str, prepare: Callable[[list[Row], int, int], Steps], on_disk: bool = False) -> None:
    """Run as `python -m benchmarks.peers.NAME IN.json OUT.json ROWS_A_SENTENCE SEED`.

    Measure two times of a second run, after a warm-up run: `seconds` of the augmentation alone, from the objects that
    the package takes to those that it returns, including the collection of forms; and `seconds_to_disk`, until the
    rows are on disk as a Dataset.

    Args:
        version (`str`): The version of the package.
        prepare (`Callable`): Takes rows, the number of rows to make of each, and a seed; returns the two steps.
        on_disk (`bool`, *optional*, defaults to `False`): Whether the first step returns a Dataset on disk.
    """
    source, target, count, seed = sys.argv[1:]
    disable_progress_bars()
    augment, as_rows = prepare(json.loads(Path(source).read_text(encoding="utf-8")), int(count), int(seed))
    with tempfile.TemporaryDirectory() as folder:
        for turn in ("warm-up", "timed"):
            begin = time.perf_counter()
            made = augment()
            seconds = seconds_to_disk = time.perf_counter() - begin
            if not on_disk:
                data = made if isinstance(made, Dataset) else _as_dataset(as_rows(made))
                data.save_to_disk(f"{folder}/{turn}")
                seconds_to_disk = time.perf_counter() - begin
        rows = as_rows(made)
    outcome = {"version": version, "seconds": seconds, "seconds_to_disk": seconds_to_disk, "rows": rows}
    Path(target).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")


def _as_dataset(rows: list[Row]) -> Dataset:
    return Dataset.from_dict(
        {"tokens": [row["tokens"] for row in rows], "ner_tags": [row["ner_tags"] for row in rows]}
    )
