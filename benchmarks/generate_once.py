"""Generate from a saved dataset once, and print the time and the memory; `benchmarks.scale` runs this script.

Usage, on Linux: `python -m benchmarks.generate_once SAVED K PROCESSES`
"""

import json
import resource
import sys
import time
from pathlib import Path

from datasets import disable_progress_bars, load_from_disk

from hf_cfgen import CfgenConfig, generate_counterfactuals


def peak_mib() -> int:
    """Return the peak resident memory of this process; `getrusage` would include that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    saved, k, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3] != "1" else None
    disable_progress_bars()
    data = load_from_disk(saved)
    begin = time.perf_counter()
    config = CfgenConfig("budget", k=k, seed=1)
    kept, _, counts = generate_counterfactuals(data, None, config, num_proc=processes, load_from_cache_file=False)
    seconds = time.perf_counter() - begin
    of_a_worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    peaks = {"peak_mib": peak_mib(), "peak_mib_of_a_worker": of_a_worker}
    size = sum(Path(file["filename"]).stat().st_size for file in kept.cache_files)
    rows = {"rows": len(kept), "drawn": counts.drawn, "bytes": size}
    print(json.dumps({**rows, "seconds": round(seconds, 3), **peaks}))
