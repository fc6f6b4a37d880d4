"""Measure how the cost of generation grows with rows, processes, sentence length and the number of types.

    python -m benchmarks.scale --data_dir FOLDER [--rows 10000000] [--repeats 5] [--work_dir FOLDER] \
        [--results experiments/results/benchmarks/scale.json]

FOLDER has the folder `cluener`. Each measurement is one call of `generate_counterfactuals` without a discriminator on
a dataset on disk, in a separate process. The memory is the peak resident memory, with mapped files.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from datasets import ClassLabel, Dataset, Features, List, Value

from benchmarks.alternatives import REPOSITORY, sample
from benchmarks.row_check import Row
from benchmarks.timing import environment
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import scheme_tags
from hf_cfgen.utils.files import write_json

SENTENCES, BUDGET = 5_000, 20
JOINED, TYPES_OF_ONE = (1, 2, 4, 8), (1, 4, 16)


class Corpus(NamedTuple):
    """A dataset to generate from.

    Args:
        sentences (`int`): The number of sentences.
        joined (`int`): The number of sentences of CLUENER that are joined to one.
        types_of_one (`int`): The number of types that each of the ten types is split into.
        k (`int`): Candidates per sentence.
    """

    sentences: int
    joined: int = 1
    types_of_one: int = 1
    k: int = BUDGET


def corpus_rows(source: Sequence[Row], corpus: Corpus) -> Iterator[Row]:
    """Yield the sentences of a corpus. They all differ, because each ends with the number of its round.

    Example:

    >>> rows = [Row(tokens=["Bo"], ner_tags=["B-PER"]), Row(tokens=["hi"], ner_tags=["O"])]
    >>> [row["tokens"] for row in corpus_rows(rows, Corpus(3))]
    [['Bo', '0'], ['hi', '0'], ['Bo', '1']]
    """
    for number in range(corpus.sentences):
        tokens: list[str] = []
        tags: list[str] = []
        for place in range(number * corpus.joined, (number + 1) * corpus.joined):
            row = source[place % len(source)]
            tokens += row["tokens"]
            tags += split_types(row, corpus.types_of_one)
        yield Row(tokens=[*tokens, str(number * corpus.joined // len(source))], ner_tags=[*tags, "O"])


def split_types(row: Row, count: int) -> list[str]:
    """Return the tags of a row with each type split into `count` types, by the first character of a mention.

    Example:

    >>> split_types(Row(tokens=["a", "c", "d"], ner_tags=["O", "B-PER", "I-PER"]), 2)
    ['O', 'B-PER1', 'I-PER1']
    """
    tags = []
    part = 0
    for token, tag in zip(row["tokens"], row["ner_tags"]):
        part = ord(token[0]) % count if tag.startswith("B-") else part
        tags.append(tag if tag == "O" or count == 1 else f"{tag}{part}")
    return tags


def save_corpus(source: Sequence[Row], corpus: Corpus, folder: Path) -> Path:
    """Save a corpus with the names of its tags to `folder`, for `load_from_disk`."""
    types = {tag[2:] for row in source for tag in split_types(row, corpus.types_of_one) if tag != "O"}
    names = scheme_tags(sorted(types))
    codes = {name: code for code, name in enumerate(names)}

    def rows() -> Iterator[dict[str, Any]]:
        for number, row in enumerate(corpus_rows(source, corpus)):
            yield {"id": f"{number}", "tokens": row["tokens"], "ner_tags": [codes[tag] for tag in row["ner_tags"]]}

    strings = List(Value("string"))
    features = Features({"id": Value("string"), "tokens": strings, "ner_tags": List(ClassLabel(names=names))})
    path = folder / "-".join(map(str, corpus))
    Dataset.from_generator(rows, features=features, cache_dir=str(folder / "cache")).save_to_disk(path)
    return path


def generate(path: Path, corpus: Corpus, processes: int) -> dict[str, Any]:
    """Generate from the saved corpus in a separate process; return what `benchmarks.generate_once` prints."""
    command = [sys.executable, "-m", "benchmarks.generate_once", str(path), str(corpus.k), str(processes)]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(command, check=True, cwd=REPOSITORY, env=variables, stdout=subprocess.PIPE, text=True)
    for cache in path.glob("cache-*.arrow"):
        cache.unlink()
    return json.loads(run.stdout.splitlines()[-1])


def in_turn(paths: dict[tuple[Corpus, int], Path], repeats: int) -> list[dict[str, Any]]:
    """Measure corpora alternately.

    Args:
        paths (`dict`): The path of the saved corpus, by corpus and number of processes.
        repeats (`int`): The number of turns.

    Returns:
        `list[dict]`: The description of each corpus, and the medians over the turns.
    """
    runs: dict[tuple[Corpus, int], list[dict[str, Any]]] = {cell: [] for cell in paths}
    for _ in range(repeats):
        for (corpus, processes), path in paths.items():
            runs[corpus, processes].append(generate(path, corpus, processes))
            print(corpus, processes, runs[corpus, processes][-1], flush=True)
    return [
        {**corpus._asdict(), "processes": processes, "repeats": repeats, **summary(of_cell)}
        for (corpus, processes), of_cell in runs.items()
    ]


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the numbers of equal runs.

    Args:
        runs (`Sequence[dict]`): The results of `generate`.

    Returns:
        `dict`: `rows` and `drawn`; `bytes_a_row` of the file, with drawn rows; `seconds` and `microseconds_a_row`,
        medians; the highest of each peak.

    Example:

    >>> run = {"rows": 90, "drawn": 100, "bytes": 500, "peak_mib": 5, "peak_mib_of_a_worker": 0}
    >>> summary([{**run, "seconds": 1.0}, {**run, "seconds": 2.0, "peak_mib": 6}])["peak_mib"]
    6
    """
    seconds = median(run["seconds"] for run in runs)
    return {
        "rows": runs[0]["rows"],
        "drawn": runs[0]["drawn"],
        "bytes_a_row": round(runs[0]["bytes"] / runs[0]["drawn"]),
        "seconds": seconds,
        "microseconds_a_row": round(seconds / runs[0]["drawn"] * 1e6, 2),
        **{name: max(run[name] for run in runs) for name in ("peak_mib", "peak_mib_of_a_worker")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the largest measurement")
    parser.add_argument("--repeats", type=int, default=5, help="of all but the largest, which is made once")
    parser.add_argument("--work_dir", type=Path, help="for the data sets, a kilobyte a row; the system's if not given")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "experiments/results/benchmarks/scale.json")
    arguments = parser.parse_args()
    try:
        source = sample(arguments.data_dir / "cluener", SENTENCES)
    except CfgenError as error:
        parser.error(str(error))
    base, largest = Corpus(SENTENCES), Corpus(max(1, arguments.rows // BUDGET))
    grown = [Corpus(SENTENCES // joined, joined=joined) for joined in JOINED[1:]]
    grown += [Corpus(SENTENCES, types_of_one=count) for count in TYPES_OF_ONE[1:]]
    with tempfile.TemporaryDirectory(dir=arguments.work_dir) as name:
        paths = {corpus: save_corpus(source, corpus, Path(name)) for corpus in (base, largest, *grown)}
        small = {(base, 1): paths[base], (base, 2): paths[base], **{(corpus, 1): paths[corpus] for corpus in grown}}
        measured = in_turn(small, arguments.repeats)
        measured += in_turn({(largest, processes): paths[largest] for processes in (1, 2)}, 1)
    cost = {
        (row["sentences"], row["processes"]): row["microseconds_a_row"]
        for row in measured
        if row["joined"] == row["types_of_one"] == 1
    }
    results = {
        "checked": date.today().isoformat(),
        "what": f"generate_counterfactuals without a discriminator, budget {BUDGET}, of CLUENER's first {SENTENCES} "
        "train sentences, as often as needed, each with the number of the round behind it; from a data set on disk "
        "into one. microseconds_a_row are of drawn rows, duplicates included",
        "environment": environment(),
        "largest_against_base": round(cost[largest.sentences, 1] / cost[base.sentences, 1], 2),
        "one_process_against_two": round(cost[largest.sentences, 1] / cost[largest.sentences, 2], 2),
        "measured": measured,
    }
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    write_json(arguments.results, results)


if __name__ == "__main__":
    main()
