"""nlpcda's Ner: replaces all mentions; returns rows of characters that differ from their source."""

import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nlpcda import Ner

from benchmarks.peers.exchange import Steps, run
from benchmarks.row_check import Row


def prepare(folder: str, rows: list[Row], count: int, seed: int) -> Steps:
    # it cuts the name of a type at the first hyphen after the prefix
    types = sorted({tag.split("-")[1] for row in rows for tag in row["ner_tags"] if tag != "O"})
    # it takes a file of one sentence, and fails if a blank line follows
    paths = [Path(folder, f"{i:06d}.txt") for i in range(len(rows))]
    for path, row in zip(paths, rows):
        lines = [f"{word}\t{tag}" for word, tag in zip(row["tokens"], row["ner_tags"])]
        path.write_text("\n".join(lines), encoding="utf-8")

    def augment() -> Any:
        ner = Ner(
            ner_dir_name=folder,
            ignore_tag_list=["O"],
            data_augument_tag_list=types,
            augument_size=count,
            seed=seed,
        )
        return [ner.augment(file_name=str(path)) for path in paths]

    def as_rows(made: Any) -> list[Row]:
        return [Row(tokens=words, ner_tags=labels) for pair in made for words, labels in zip(*pair)]

    return augment, as_rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run(version("nlpcda"), partial(prepare, folder))
