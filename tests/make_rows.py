"""Rows and scores of a saved tagger, made in a process of its own, for `test_same_rows`.

`python -m tests.make_rows CHECKPOINT TRAIN TEST OUT [options of hf-cfgen run]`, by a launcher for several processes.
TRAIN and TEST are saved data sets. Process r writes to OUT/r. With options, `in.jsonl` beside OUT is augmented, too.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from accelerate import PartialState
from datasets import load_from_disk

from hf_cfgen import CfgenConfig, Discriminate, Intervene, generate_counterfactuals
from hf_cfgen.cli.main import main
from hf_cfgen.evaluation.scores import evaluate_tagger
from hf_cfgen.modeling import inference as prediction

RECIPES = ("budget", "paper")


@contextmanager
def counted_calls() -> Iterator[Counter]:
    """How often each transform is called within the block: never where datasets finds its results in the cache."""
    calls: Counter = Counter()

    def counting(transform: type) -> Any:
        call = transform.__call__

        def counted(self: Any, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
            calls[transform.__name__] += 1
            return call(self, batch)

        return patch.object(transform, "__call__", counted)

    with counting(Intervene), counting(Discriminate):
        yield calls


@contextmanager
def counted_passes() -> Iterator[list[int]]:
    """The number of windows of each forward pass within the block."""
    passes: list[int] = []

    def counting(model: Any, windows: Any, batch: Any, *rest: Any) -> Any:
        passes.append(len(batch))
        return forward(model, windows, batch, *rest)

    forward = prediction.forward_batch
    with patch.object(prediction, "forward_batch", counting):
        yield passes


def write_rows(checkpoint: str, train: Path, out: Path, **map_kwargs: Any) -> None:
    """Parquet files of what is kept and rejected by either recipe, and the counts."""
    out.mkdir(parents=True)
    for recipe in RECIPES:
        config = CfgenConfig(recipe=recipe)
        kept, rejected, counts = generate_counterfactuals(load_from_disk(train), checkpoint, config, **map_kwargs)
        kept.to_parquet(out / f"{recipe}-kept.parquet")
        rejected.to_parquet(out / f"{recipe}-rejected.parquet")
        (out / f"{recipe}-counts.json").write_text(json.dumps(counts.to_dict()))


def augment_options(checkpoint: str, folder: Path) -> list[str]:
    """`hf-cfgen augment` of `in.jsonl` in a folder."""
    files = str(folder / "in.jsonl"), str(folder / "out.jsonl")
    return ["augment", *files, "--discriminator", checkpoint, "--mix", "--use_cpu"]


def watch_changes(folder: str) -> list[str]:
    """What this process makes, writes, renames or removes in a folder from now on."""
    changes: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        changing = event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
        writing = event == "open" and bool(set(str(arguments[1])) & set("wax+"))
        if (changing or writing) and str(arguments[0]).startswith(folder):
            changes.append(f"{event} {arguments[0]}")

    sys.addaudithook(hook)
    return changes


if __name__ == "__main__":
    checkpoint, train, test, out, *options = sys.argv[1:]
    changes = watch_changes(options[options.index("--output_dir") + 1]) if options else []
    if options:
        main(["run", *options])
        main(augment_options(checkpoint, Path(out).parent))
    state = PartialState(cpu=True)
    folder = Path(out) / str(state.process_index)
    with counted_calls() as calls:
        write_rows(checkpoint, Path(train), folder / "cached")
    with counted_passes() as passes:
        write_rows(checkpoint, Path(train), folder / "fresh", load_from_cache_file=False)
    report = {
        "processes": state.num_processes,
        "calls": calls,
        "passes": passes,
        "changes": changes,
        "scores": evaluate_tagger(checkpoint, load_from_disk(test)).to_dict(),
    }
    (folder / "report.json").write_text(json.dumps(report))
    state.destroy_process_group()
