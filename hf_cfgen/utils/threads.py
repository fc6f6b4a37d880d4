"""Limit the number of threads that torch uses."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """Count the cores that this process may use: those of its affinity, or its quota, rounded up, if smaller.

    `cgroup` is the folder with the CPU quota of a Linux container, version 1 or 2.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        if all((cgroup / file).is_file() for file in files):
            quota, period = " ".join((cgroup / file).read_text() for file in files).split()
            if quota not in ("max", "-1"):
                cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(cores, 1)


def limit_threads(one: bool = False) -> None:
    """Limit torch to the usable cores, unless the user has set OMP_NUM_THREADS.

    The steps of an LSTM are so small that a second thread hardly helps, and makes it much slower if cores are busy.

    Args:
        one (`bool`, *optional*, defaults to `False`): Use one thread, for an LSTM.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1 if one else min(torch.get_num_threads(), usable_cores()))
