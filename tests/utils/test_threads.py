"""How many threads torch computes with."""

import os
import subprocess
import sys

import pytest

from hf_cfgen.cli.main import main
from hf_cfgen.utils.threads import usable_cores

CORES = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, CORES),
        ({"cpu.max": "max 100000\n"}, CORES),
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "120000 100000\n"}, min(2, CORES)),
        ({"cpu.max": "5000 100000\n"}, 1),
        ({"cpu.max": "99900000 100000\n"}, CORES),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, CORES),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "50000\n"}, CORES),
    ],
)
def test_the_quota_of_a_container_counts(files, expected, tmp_path):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert usable_cores(tmp_path) == expected


def test_the_affinity_of_the_process_counts():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from hf_cfgen.utils.threads import *; "
    assert subprocess.check_output([sys.executable, "-c", code + "print(usable_cores())"], text=True) == "1\n"


@pytest.mark.parametrize(
    ("given", "one", "expected"),
    [(None, True, 1), (None, False, CORES), ("1", False, 1), ("2", True, min(2, CORES))],
)
def test_the_number_that_the_user_has_set_stays(given, one, expected):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if given is not None:
        environment["OMP_NUM_THREADS"] = given
    code = f"import torch; from hf_cfgen.utils.threads import *; limit_threads({one}); print(torch.get_num_threads())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment) == f"{expected}\n"


@pytest.mark.parametrize(
    ("command", "function", "one"),
    [
        ("run --dataset demo:en --output_dir out", "hf_cfgen.cli.run.run", True),
        ("run --dataset demo:en --output_dir out --model folder", "hf_cfgen.cli.run.run", False),
        ("augment in out", "hf_cfgen.cli.augment.augment", True),
        ("augment in out --model folder", "hf_cfgen.cli.augment.augment", False),
    ],
)
def test_commands_take_one_thread_for_an_lstm(command, function, one, monkeypatch):
    calls = []
    monkeypatch.setattr(f"{function.rpartition('.')[0]}.limit_threads", lambda one=False: calls.append(one))
    monkeypatch.setattr(function, lambda *arguments: calls.append("done"))
    main(command.split())
    assert calls == [one, "done"]
