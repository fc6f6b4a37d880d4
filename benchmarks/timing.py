"""Time programs alternately on the same input, so that other work on the machine affects all of them alike."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hf_cfgen.utils.environment


def in_turn(runs: Mapping[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Time functions alternately, after one warm-up round.

    Args:
        runs (`Mapping[str, Callable[[], Any]]`): Functions by name.
        rounds (`int`): The number of timed rounds.

    Returns:
        `tuple[dict[str, float], dict[str, Any]]`: The median seconds of each function, and its last result.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    results = {}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            begin = time.perf_counter()
            results[name] = run()
            if turn:
                seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(spent) for name, spent in seconds.items()}, results


def environment() -> dict[str, Any]:
    """Return the versions and the machine, for a results file."""
    return {
        **hf_cfgen.utils.environment.environment(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[2], 1),
    }


def write_result(output: Path | None, result: Mapping[str, Any]) -> None:
    """Write the JSON result of a benchmark if a file is given."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
