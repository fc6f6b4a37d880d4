"""Results of cells as `hf-cfgen reproduce` writes them, made by hand."""

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hf_cfgen.tagging.scoring import LEVELS

RECIPES: dict[str, dict[str, Any]] = {
    "none": {},
    "budget": {"recipe": "budget", "k": 5},
    "paper": {"recipe": "paper"},
    "random-swap": {"recipe": "budget", "k": 5, "judge": False},
    "dropout": {"context_dropout": 0.2},
}
JUDGED = {"budget": 40, "paper": 500}
# by level, of each sentence: hits more than strict ones, predictions, gold items
MATCHED = dict(zip(LEVELS, ((0, 2, 2), (1, 3, 3), (1, 4, 6))))
COUNTS = {
    "examples": 100,
    "examples_without_candidates": 0,
    "drawn": 45,
    "duplicates": 5,
    "candidates": 40,
    "kept": 30,
    "rejected": {"missed": 2, "wrong_type": 8},
    "by_type": {
        "PER": {"mentions": 9, "forms": 7, "candidates": 24, "kept": 21},
        "LOC": {"mentions": 8, "forms": 6, "candidates": 16, "kept": 9},
    },
    "unswappable_types": [],
}
CORRECTION = {
    "id": "test-1",
    "tokens": [*"王明在北京"],
    "gold": ["B-PER", "I-PER", "O", "B-LOC", "I-LOC"],
    "noaug": ["O", "O", "O", "B-LOC", "I-LOC"],
    "predicted": ["B-PER", "I-PER", "O", "B-LOC", "I-LOC"],
    "kept": {
        "id": "train-1#0",
        "tokens": [*"李四在上海"],
        "tags": ["B-PER", "I-PER", "O", "B-LOC", "I-LOC"],
        "replaced": [{"start": 0, "end": 2, "label": "PER", "original": [*"张三"], "replacement": [*"李四"]}],
        "score": 0.75,
        "reason": None,
        "similarity": 0.25,
        "source": {
            "id": "train-1",
            "tokens": [*"张三在上海"],
            "tags": ["B-PER", "I-PER", "O", "B-LOC", "I-LOC"],
        },
    },
    "rejected": None,
}


def cell(
    hits: Sequence[int],
    dataset: str = "cluener",
    model: str = "lstm",
    n: int | None = 100,
    recipe: str = "none",
    seed: int = 1,
    dev: float = 0.5,
    **changes: Any,
) -> dict[str, Any]:
    """A result: `hits` a test sentence, each of which has 2 predictions and 2 gold mentions.

    Of a strict F1 of f, relaxed F1 is (2f + 1) / 3 and token F1 (2f + 1) / 5, so that differences are 2/3 and 2/5 of
    the strict ones; by tokens precision and recall are other than F1.
    """
    sentences = {
        level: {"hits": [hit + more for hit in hits], "predicted": [predicted] * len(hits), "gold": [gold] * len(hits)}
        for level, (more, predicted, gold) in MATCHED.items()
    }
    sums = {level: {name: sum(values) for name, values in counts.items()} for level, counts in sentences.items()}
    f1 = {level: 2 * of["hits"] / (of["predicted"] + of["gold"]) for level, of in sums.items()}
    scores = {
        level: {
            "precision": of["hits"] / of["predicted"],
            "recall": of["hits"] / of["gold"],
            "f1": f1[level],
            "support": of["gold"],
        }
        for level, of in sums.items()
    }
    judged = JUDGED.get(recipe, 0)
    result = {
        "hf_cfgen": "0.1.0",
        "commit": "0123abc",
        "environment": {"python": "3.11.7", "torch": "2.13.0"},
        "device": "cpu",
        **{"dataset": dataset, "model": model, "n": n, "recipe": recipe, "seed": seed},
        "config": {
            "dataset": {"path": dataset},
            "model": {"model": model},
            "recipe": RECIPES[recipe],
            "training": {"max_steps": 1200},
        },
        "examples": {"train": n or 9674, "validation": 1208, "test": len(hits), "mixed": (n or 9674) + judged},
        "types": ["LOC", "PER"],
        "counts": COUNTS if recipe != "none" else None,
        "judged": judged,
        "steps": 1200,
        "dev": [{"step": 100, "strict_f1": dev}],
        "dev_strict_f1": dev,
        "best_step": 100,
        "test": scores,
        "causal": {
            level: {"f1": of, "f1_do_context": of - 0.1, "f1_do_entity": 0.0}
            | {"ace_c": -0.1, "ace_e": -of, "ri": of - 0.1}
            | {f"{name}_interval": [0.0, 0.0] for name in ("f1", "ace_c", "ace_e", "ri")}
            for level, of in f1.items()
        },
        "sentences": sentences,
        "corrections": [CORRECTION] if recipe != "none" else [],
        "seconds": {"generate": 0.5, "judge": judged / 10, "train": 60.0, "evaluate": 2.0},
    }
    return copy.deepcopy(result) | changes


def written(folder: Path, cells: Sequence[Mapping[str, Any]], below: str = "cells") -> Path:
    """Write results to a folder as their command does."""
    (folder / below).mkdir(parents=True, exist_ok=True)
    for result in cells:
        size = "all" if result["n"] is None else result["n"]
        name = f"{result['dataset']}-{result['model']}-n{size}-{result['recipe']}-seed{result['seed']}-0123abcd.json"
        (folder / below / name).write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    return folder
