"""neraug's MentionReplacement: replaces all mentions of a row by forms that it collects from the rows."""

import random
from importlib.metadata import version
from typing import Any

from neraug.augmentator import MentionReplacement
from neraug.scheme import IOB2

from benchmarks.peers.exchange import Steps, run
from benchmarks.row_check import Row


def prepare(rows: list[Row], count: int, seed: int) -> Steps:
    tokens, tags = [row["tokens"] for row in rows], [row["ner_tags"] for row in rows]

    def augment() -> Any:
        random.seed(seed)  # it has no seed and uses the global generator
        augmentator = MentionReplacement(tokens, tags, IOB2)
        return [augmentator.augment(words, labels, n=count) for words, labels in zip(tokens, tags)]

    def as_rows(made: Any) -> list[Row]:
        return [Row(tokens=words, ner_tags=labels) for pair in made for words, labels in zip(*pair)]

    return augment, as_rows


if __name__ == "__main__":
    run(version("neraug"), prepare)
