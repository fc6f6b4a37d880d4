"""How many threads torch computes with: no more than there are cores for this process, and one for an LSTM."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """Count the cores that this process may really use.

    Args:
        cgroup (`Path`, *optional*, defaults to `/sys/fs/cgroup`): Where Linux tells the quota of a container.

    Returns:
        `int`: The cores of its affinity, or of its quota (version 1 or 2), rounded up, where that is less.

    Example:

    >>> 1 <= usable_cores() <= os.cpu_count()
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        if all((cgroup / file).is_file() for file in files):
            quota, period = " ".join((cgroup / file).read_text() for file in files).split()
            if quota not in ("max", "-1"):
                cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(cores, 1)


def limit_threads(one: bool = False) -> None:
    """Let torch compute with as many threads as there are usable cores, unless the user has set OMP_NUM_THREADS.

    The small steps of an LSTM are shared among threads thousands of times a second. Two threads on two idle cores are
    hardly faster than one, and on cores that are busy, or that a container has no share of, many times slower.

    Args:
        one (`bool`, *optional*, defaults to `False`): Take one thread, for an LSTM.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1 if one else min(torch.get_num_threads(), usable_cores()))
