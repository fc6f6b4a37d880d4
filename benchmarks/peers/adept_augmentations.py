"""adept-augmentations' EntitySwapAugmenter: all mentions of a row replaced, equal results of a row once."""

import random
import time
from importlib.metadata import version

from adept_augmentations import EntitySwapAugmenter
from datasets import ClassLabel, Dataset, Features, Sequence, Value, disable_progress_bars

from benchmarks.peers.exchange import run
from benchmarks.row_check import Row


def augment(rows: list[Row], count: int, seed: int) -> tuple[list[Row], float]:
    random.seed(seed)  # it takes no seed and draws from the global generator
    types = sorted({tag[2:] for row in rows for tag in row["ner_tags"] if tag != "O"})
    labels = ClassLabel(names=["O", *(f"{prefix}-{label}" for label in types for prefix in "BI")])
    features = Features({"tokens": Sequence(Value("string")), "ner_tags": Sequence(labels)})
    data = Dataset.from_list(
        [{"tokens": row["tokens"], "ner_tags": labels.str2int(row["ner_tags"])} for row in rows], features=features
    )
    begin = time.perf_counter()
    made = EntitySwapAugmenter(data).augment(N=count)
    seconds = time.perf_counter() - begin
    return [Row(tokens=row["tokens"], ner_tags=labels.int2str(row["ner_tags"])) for row in made], seconds


if __name__ == "__main__":
    disable_progress_bars()
    run(version("adept-augmentations"), augment)
