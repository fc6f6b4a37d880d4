"""Tables over several seeds: means with standard errors, and differences within a seed."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from .statistics import mean_and_error

_CONFIG = (
    *("dataset", "num_train_examples", "pool", "split", "split_seed", "seed", "model", "num_layers", "hidden_size"),
    *("dropout", "vectors", "freeze_embeddings", "recipe", "k", "max_steps", "learning_rate", "lr_scheduler_type"),
    *("per_device_train_batch_size",),
)


def summary(results: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a run's results that tables over seeds need, without paths of a machine.

    Args:
        results (`Mapping[str, Any]`): What `hf_cfgen.run.run` returns.

    Returns:
        `dict`: `config`, `environment`, `counts`, and for each of `taggers` its scores without those by type.
    """
    config = {name: results["config"][name] for name in _CONFIG}
    for name in ("dataset", "model", "vectors"):
        config[name] = config[name] and PurePath(config[name]).name
    return {
        "config": config,
        "environment": results["environment"],
        "counts": {name: value for name, value in results["counts"].items() if name != "by_type"},
        "taggers": {
            name: {
                "dev_strict_f1": tagger["dev_strict_f1"],
                "best_step": tagger["best_step"],
                # not in runs recorded before there was any
                **{key: tagger[key] for key in ("context_dropout",) if key in tagger},
                **{
                    part: {
                        level: {key: value for key, value in scores.items() if key != "by_type"}
                        for level, scores in tagger[part].items()
                    }
                    for part in ("test", "causal")
                },
                "seconds": tagger["seconds"],
            }
            for name, tagger in results["taggers"].items()
        },
    }


def score_rows(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """A Markdown table of test F1 over seeds.

    Args:
        runs (`Iterable[Mapping[str, Any]]`): Results of `summary`, for each N several seeds.

    Returns:
        `list[str]`: Lines; scores in per cent, mean ± standard error over seeds. A gain is a mean of differences
        within a seed.
    """
    lines = [
        "| N | seeds | match | NoAug | Control | Aug | Aug - NoAug | Aug - Control |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n, cell in _by_n(runs).items():
        for level in ("strict", "relaxed", "token"):
            f1 = {
                name: [100 * run["taggers"][name]["test"][level]["f1"] for run in cell]
                for name in ("NoAug", "Control", "Aug")
            }
            columns = ["{:.1f} ± {:.1f}".format(*mean_and_error(values)) for values in f1.values()]
            for other in ("NoAug", "Control"):
                gains = [ours - theirs for ours, theirs in zip(f1["Aug"], f1[other])]
                wins = sum(gain > 0 for gain in gains)
                columns.append("{:+.1f} ± {:.1f}".format(*mean_and_error(gains)) + f" ({wins} of {len(gains)} seeds)")
            lines.append(f"| {n} | {len(cell)} | {level} | {' | '.join(columns)} |")
    return lines


def causal_rows(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """A Markdown table of strict ACE_C, ACE_E and RI over seeds.

    Args:
        runs (`Iterable[Mapping[str, Any]]`): Results of `summary`, for each N several seeds.

    Returns:
        `list[str]`: Lines; fractions of F1, mean ± standard error over seeds.
    """
    lines = ["| N | tagger | F1 | ACE_C | ACE_E | RI |", "|---|---|---|---|---|---|"]
    for n, cell in _by_n(runs).items():
        for name in ("NoAug", "Control", "Aug"):
            effects = [run["taggers"][name]["causal"]["strict"] for run in cell]
            first, *others = [
                mean_and_error(effect[key] for effect in effects) for key in ("f1", "ace_c", "ace_e", "ri")
            ]
            columns = ["{:.3f} ± {:.3f}".format(*first), *("{:+.3f} ± {:.3f}".format(*other) for other in others)]
            lines.append(f"| {n} | {name} | {' | '.join(columns)} |")
    return lines


def _by_n(runs: Iterable[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    cells: dict[int, list[Mapping[str, Any]]] = {}
    for run in sorted(runs, key=lambda run: (run["config"]["num_train_examples"], run["config"]["seed"])):
        cells.setdefault(run["config"]["num_train_examples"], []).append(run)
    return cells
