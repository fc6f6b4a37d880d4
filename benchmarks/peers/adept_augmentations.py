"""adept-augmentations' EntitySwapAugmenter: replaces all mentions of a row; equal results of a row occur once."""

import random
from importlib.metadata import version

from adept_augmentations import EntitySwapAugmenter
from datasets import ClassLabel, Dataset, Features, Sequence, Value

from benchmarks.peers.exchange import Steps, run
from benchmarks.row_check import Row


def prepare(rows: list[Row], count: int, seed: int) -> Steps:
    types = sorted({tag[2:] for row in rows for tag in row["ner_tags"] if tag != "O"})
    labels = ClassLabel(names=["O", *(f"{prefix}-{label}" for label in types for prefix in "BI")])
    features = Features({"tokens": Sequence(Value("string")), "ner_tags": Sequence(labels)})
    data = Dataset.from_list(
        [{"tokens": row["tokens"], "ner_tags": labels.str2int(row["ner_tags"])} for row in rows], features=features
    )

    def augment() -> Dataset:
        random.seed(seed)  # it has no seed and uses the global generator
        return EntitySwapAugmenter(data).augment(N=count)

    def as_rows(made: Dataset) -> list[Row]:
        return [Row(tokens=row["tokens"], ner_tags=labels.int2str(row["ner_tags"])) for row in made]

    return augment, as_rows


if __name__ == "__main__":
    run(version("adept-augmentations"), prepare)
