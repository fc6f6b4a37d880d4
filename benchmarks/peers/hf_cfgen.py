"""hf_cfgen: one mention of a row replaced a candidate, unjudged."""

import time

from datasets import Dataset, disable_progress_bars

from benchmarks.peers.exchange import run
from benchmarks.row_check import Row
from hf_cfgen import CfgenConfig, __version__, generate_counterfactuals


def augment(rows: list[Row], count: int, seed: int) -> tuple[list[Row], float]:
    data = Dataset.from_list(list(rows))
    config = CfgenConfig(k=count, seed=seed)
    begin = time.perf_counter()
    kept = generate_counterfactuals(data, config=config, load_from_cache_file=False).kept
    seconds = time.perf_counter() - begin
    return [Row(tokens=row["tokens"], ner_tags=row["ner_tags"]) for row in kept], seconds


if __name__ == "__main__":
    disable_progress_bars()
    run(__version__, augment)
