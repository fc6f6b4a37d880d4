"""Generate from a saved data set once, and print the time and the memory it took: run apart by `benchmarks.scale`.

`python -m benchmarks.generate_once SAVED K PROCESSES`, on Linux
"""

import json
import resource
import sys
import time
from pathlib import Path

from datasets import disable_progress_bars, load_from_disk

from hf_cfgen import CfgenConfig, generate_counterfactuals


def peak_mib() -> int:
    """The highest resident memory of this process; what `getrusage` says of it counts that of its parent, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    saved, k, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3] != "1" else None
    disable_progress_bars()
    data = load_from_disk(saved)
    begin = time.perf_counter()
    config = CfgenConfig(k=k, seed=1)
    kept, _, counts = generate_counterfactuals(data, None, config, num_proc=processes, load_from_cache_file=False)
    seconds = time.perf_counter() - begin
    of_a_worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    peaks = {"peak_mib": peak_mib(), "peak_mib_of_a_worker": of_a_worker}
    size = sum(Path(file["filename"]).stat().st_size for file in kept.cache_files)
    rows = {"rows": len(kept), "drawn": counts.drawn, "bytes": size}
    print(json.dumps({**rows, "seconds": round(seconds, 3), **peaks}))
