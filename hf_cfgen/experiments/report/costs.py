"""Sections on what was spent and kept: acceptance, compute, options, environment, and what is missing."""

import json
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from ...reporting.formatting import percent
from .comparisons import Comparisons
from .document import Section, Table, Text
from .formatting import DASH, gain_cell, listed, percent_over_seeds, size_name
from .results import SECONDS, Results, among, config_of, is_noaug, missing
from .scores import PAPER

_OF_TYPE = ("mentions", "forms", "candidates", "kept")


def acceptance(results: Results) -> Section:
    """How many candidates the discriminator kept, why it rejected the others, and how many of each type it kept."""
    judged = {
        group: [result["counts"] for result in seeds.values()]
        for group, seeds in results.items()
        if any(result["judged"] for result in seeds.values()) and not among(results, group.recipe)
    }
    reasons = sorted({reason for counts in judged.values() for one in counts for reason in one["rejected"]})
    by_reason, by_type = [], []
    for group, counts in judged.items():
        names = [group.dataset, group.model, size_name(group.n), group.recipe]
        total = sum(one["candidates"] for one in counts)
        parts = [sum(one["rejected"].get(reason, 0) for one in counts) for reason in reasons]
        kept = sum(one["kept"] for one in counts)
        by_reason.append([*names, _average(counts, "candidates"), *(_share(part, total) for part in (kept, *parts))])
        for label in sorted({label for one in counts for label in one["by_type"]}):
            own = [one["by_type"].get(label, dict.fromkeys(_OF_TYPE, 0)) for one in counts]
            rate = _share(sum(one["kept"] for one in own), sum(one["candidates"] for one in own))
            by_type.append([*names, label, *(_average(own, name) for name in _OF_TYPE), rate])
    header = ["data set", "model", "N", "recipe"]
    shares = ["kept, %", *(f"{reason}, %" for reason in reasons)]
    return Section(
        "What the discriminator accepts",
        [
            Text("Candidates are means over seeds; shares are of the candidates of all seeds, in per cent."),
            Table("Kept, and rejected by reason", [*header, "candidates", *shares], by_reason, 4),
            Table("Kept by type", [*header, "type", *_OF_TYPE, "kept, %"], by_type, 5),
        ],
    )


def compute(comparisons: Comparisons) -> Section:
    """What each recipe costs, and its F1 beside the paper's recipe."""
    results = comparisons.results
    rows = []
    for group, seeds in results.items():
        own = list(seeds.values())
        cells = [_average(own, "judged"), _average([result["examples"] for result in own], "mixed")]
        cells += [listed(result["steps"] for result in own)]
        cells += [f"{mean(result['seconds'][name] for result in own):.1f}" for name in SECONDS]
        rows.append([group.dataset, group.model, size_name(group.n), group.recipe, listed(seeds), *cells])
    header = ["data set", "model", "N", "recipe", "seeds", "rows judged", "rows trained on", "steps"]
    return Section(
        "What was spent",
        [
            Text(
                "Means over seeds. A recipe with rows judged needs the NoAug tagger of its seed as well, which is "
                "trained once for all of them, and recipes with the same candidates share the judging: each row has "
                "all of what the recipe alone would need, save the training of that tagger. Candidates that are not "
                "judged, but as many as a discriminator keeps of them, need the number alone: neither the judging nor "
                "that tagger is counted. Of a choice on dev, the rows trained on are those of the recipe that was "
                "chosen, and all else is of all that it chooses among."
            ),
            Table("Rows, optimizer steps and seconds", [*header, *(f"s to {n}" for n in SECONDS)], rows, 5),
            _beside_paper(comparisons),
        ],
    )


def _beside_paper(comparisons: Comparisons) -> Table:
    results, rows = comparisons.results, []
    for place in dict.fromkeys(group[:3] for group in results):
        alike = [group for group in results if group[:3] == place]
        for theirs in (group for group in alike if config_of(results, group)["recipe"] == PAPER):
            for ours in (group for group in alike if group != theirs and not is_noaug(results, group)):
                compared = comparisons.of_groups(ours, theirs)
                seeds = [seed for seed in results[ours] if seed in results[theirs]]
                if compared is None:
                    continue
                own, other = (sum(results[group][seed]["judged"] for seed in seeds) for group in (ours, theirs))
                f1 = percent_over_seeds(results[ours][seed]["test"]["strict"]["f1"] for seed in seeds)
                names = [ours.dataset, ours.model, size_name(ours.n), ours.recipe, listed(seeds)]
                rows.append([*names, _share(own, other), f1, gain_cell(compared)])
    header = ["data set", "model", "N", "recipe", "seeds", "rows judged, % of the paper recipe's"]
    return Table("Judged rows and strict F1 beside the paper's recipe", [*header, "F1", "less the paper's"], rows, 5)


def options(results: Results) -> Section:
    """The options behind the names."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for group in results:
        config = config_of(results, group)
        of_model = {**config["model"], **config["training"]}
        for kind, name, value in (
            ("data set", group.dataset, config["dataset"]),
            ("model", f"{group.model} on {group.dataset}", of_model),
            ("recipe", group.recipe, config["recipe"]),
        ):
            found.setdefault((kind, name), {})[json.dumps(value, ensure_ascii=False, sort_keys=True)] = None
    rows = [[*names, text] for names, texts in sorted(found.items()) for text in texts]
    return Section("Options", [Table("The options behind the names", ["kind", "name", "options"], rows, 3)])


def made_with(results: Results) -> Section:
    """Versions, devices and commits."""
    found: dict[str, dict[str, int]] = {}

    def note(name: str, value: Any) -> None:
        values = found.setdefault(name, {})
        values[str(value)] = values.get(str(value), 0) + 1

    for result in (result for seeds in results.values() for result in seeds.values()):
        note("hf_cfgen", result["hf_cfgen"])
        note("commit", result["commit"] or "none")
        note("device", result["device"])
        for name, version in result["environment"].items():
            note(name, version)
    rows = [[name, value, str(count)] for name, values in found.items() for value, count in sorted(values.items())]
    return Section("Environment", [Table("What results were made with", ["", "", "results"], rows, 2)])


def not_there(results: Results) -> Section:
    """The cells that are missing."""
    rows = [
        [group.dataset, group.model, size_name(group.n), group.recipe, ", ".join(map(str, seeds))]
        for group, seeds in missing(results)
    ]
    text = (
        "For each data set with a model, every size that was run with it is expected with every recipe and every seed "
        "that was run with it. "
    )
    text += "These are not there; tables leave them out and say so." if rows else "All of these are there."
    header = ["data set", "model", "N", "recipe", "seeds that lack"]
    return Section("What is missing", [Text(text), Table("Missing results", header, rows, 5)])


def _average(values: Sequence[Mapping[str, Any]], name: str) -> str:
    return f"{mean(value[name] for value in values):.0f}"


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else DASH
