"""hf_cfgen: replaces one mention per candidate, without a discriminator, from a dataset on disk to disk."""

import tempfile
from functools import partial

from datasets import Dataset, load_from_disk

from benchmarks.peers.exchange import Steps, run
from benchmarks.row_check import Row
from hf_cfgen import CfgenConfig, __version__, generate_counterfactuals


def prepare(folder: str, rows: list[Row], count: int, seed: int) -> Steps:
    Dataset.from_list(list(rows)).save_to_disk(folder)
    data, config = load_from_disk(folder), CfgenConfig("budget", k=count, seed=seed)

    def augment() -> Dataset:
        return generate_counterfactuals(data, config=config, load_from_cache_file=False).kept

    def as_rows(kept: Dataset) -> list[Row]:
        return [Row(tokens=row["tokens"], ner_tags=row["ner_tags"]) for row in kept]

    return augment, as_rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run(__version__, partial(prepare, folder), on_disk=True)
