"""Measure strict, relaxed and token-level F1 of many sentences, compared with seqeval and nervaluate.

    pip install 'hf-cfgen[bench]'
    python -m benchmarks.metrics [--data demo:en] [--words 420000] [--rounds 5] [--output FILE]

The gold tags are those of the train split, in BIO, repeated up to the number of words. In the predictions, one word in
twenty has another tag, drawn with a fixed seed. The programs alternate in one process, and the median round of each
counts:

- hf_cfgen: `ner_scores`, strict, relaxed and token-level scores, micro and by type
- seqeval: `f1_score`, the strict F1 alone; and `classification_report`, the strict scores by type
- nervaluate: `Evaluator(...).evaluate()`, its four schemas, micro and by type

The strict F1 must be the same in all.
"""

import argparse
import itertools
import random
from importlib.metadata import version
from pathlib import Path

from seqeval.metrics import classification_report, f1_score

from benchmarks.timing import environment, in_turn, write_result
from hf_cfgen.data.columns import tag_column
from hf_cfgen.data.reading import read_splits
from hf_cfgen.tagging.scoring import ner_scores

SEED, WRONG = 1, 0.05


def samples(data: str, words: int) -> tuple[list[list[str]], list[list[str]]]:
    """Make gold and predicted tags of the given number of words."""
    sentences = tag_column(read_splits(data, scheme="IOB2").splits["train"])
    tags = sorted({tag for sentence in sentences for tag in sentence})
    draw = random.Random(SEED)
    gold: list[list[str]] = []
    for sentence in itertools.cycle(filter(None, sentences)):
        gold.append(sentence[:words])
        words -= len(gold[-1])
        if not words:
            break
    predicted = [[draw.choice(tags) if draw.random() < WRONG else tag for tag in sentence] for sentence in gold]
    return gold, predicted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="demo:en")
    parser.add_argument("--words", type=int, default=420_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    from nervaluate import Evaluator  # in the extra `bench`

    gold, predicted = samples(arguments.data, arguments.words)
    types = sorted({tag[2:] for sentence in (*gold, *predicted) for tag in sentence if tag != "O"})
    ours = "hf_cfgen, strict, relaxed and token"
    runs = {
        ours: lambda: ner_scores(gold, predicted),
        "seqeval, f1_score": lambda: f1_score(gold, predicted),
        "seqeval, classification_report": lambda: classification_report(gold, predicted, output_dict=True),
        "nervaluate, evaluate": lambda: Evaluator(gold, predicted, tags=types, loader="list").evaluate(),
    }
    seconds, results = in_turn(runs, arguments.rounds)
    strict = {
        ours: results[ours].strict.f1,
        "seqeval, f1_score": results["seqeval, f1_score"],
        "seqeval, classification_report": results["seqeval, classification_report"]["micro avg"]["f1-score"],
        "nervaluate, evaluate": results["nervaluate, evaluate"]["overall"]["strict"].f1,
    }
    if max(strict.values()) - min(strict.values()) > 1e-9:
        raise ValueError(f"the strict F1 differs: {strict}")
    result = {
        "data": Path(arguments.data).name,
        "words": sum(map(len, gold)),
        "sentences": len(gold),
        "types": len(types),
        "strict_f1": strict[ours],
        "rounds": arguments.rounds,
        "seconds": seconds,
        "speed_against": {name: value / seconds[ours] for name, value in seconds.items() if name != ours},
        "environment": environment() | {"nervaluate": version("nervaluate")},
    }
    for name, value in seconds.items():
        print(f"{name:40}{value * 1e3:9.1f} ms {value / seconds[ours]:8.1f} x")
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
