"""neraug's MentionReplacement: all mentions of a row replaced by forms that it collects from the rows."""

import random
import time
from importlib.metadata import version

from neraug.augmentator import MentionReplacement
from neraug.scheme import IOB2

from benchmarks.peers.exchange import run
from benchmarks.row_check import Row


def augment(rows: list[Row], count: int, seed: int) -> tuple[list[Row], float]:
    random.seed(seed)  # it takes no seed and draws from the global generator
    tokens, tags = [row["tokens"] for row in rows], [row["ner_tags"] for row in rows]
    begin = time.perf_counter()
    augmentator = MentionReplacement(tokens, tags, IOB2)
    made = [augmentator.augment(words, labels, n=count) for words, labels in zip(tokens, tags)]
    seconds = time.perf_counter() - begin
    return [Row(tokens=words, ner_tags=labels) for pair in made for words, labels in zip(*pair)], seconds


if __name__ == "__main__":
    run(version("neraug"), augment)
