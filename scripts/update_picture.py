"""Draw docs/images/run.svg from docs/recorded/run.json; with RUN_DIR, record that run first.

    hf-cfgen run --dataset demo:en --control true --output_dir runs/demo-en
    hf-cfgen diagnose runs/demo-en/aug demo:en --output runs/demo-en/diagnosis.json
    python scripts/update_picture.py runs/demo-en

The rows are chosen by a rule: of the rejected candidates whose mention has a kept one too, the one of the lowest score
(the first of equals), its source, and of the kept candidates for that mention the one of the highest.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.figure import Figure

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from hf_cfgen.evaluation.run_result import PARQUET  # noqa: E402
from hf_cfgen.experiments.report.charts import svg  # noqa: E402
from hf_cfgen.tagging.scoring import LEVELS  # noqa: E402
from hf_cfgen.utils.files import read_json, write_json  # noqa: E402

RECORDED = REPOSITORY / "docs" / "recorded"
PICTURE = REPOSITORY / "docs" / "images" / "run.svg"
# of a run on an embedded corpus, none of which is a path
_CONFIG = (
    "dataset",
    "num_train_examples",
    "seed",
    "model",
    "recipe",
    "k",
    "max_steps",
    "learning_rate",
    "context_dropout",
)
_TAGGER = ("examples", "dev_strict_f1", "best_step", "context_dropout", "seconds")
SENTENCES_SHOWN = 2  # of a diagnosis, for each intervention
_KEPT, _REJECTED, _OBSERVED, _INK, _PALE = "#1a7f37", "#b42318", "#0b5cad", "#1f2328", "#59636e"


def record(run_dir: Path) -> None:
    """Write docs/recorded from a run and its diagnosis."""
    results, diagnosis = read_json(run_dir / "results.json"), read_json(run_dir / "diagnosis.json")
    recorded = {
        name: results[name]
        for name in ("hf_cfgen", "names", "environment", "command", "commit", "data", "recommendation")
    }
    recorded["config"] = {name: results["config"][name] for name in _CONFIG}
    recorded["counts"] = {name: value for name, value in results["counts"].items() if name != "by_type"}
    recorded["taggers"] = {
        name: {key: tagger[key] for key in _TAGGER}
        | {part: {level: _without_types(tagger[part][level]) for level in LEVELS} for part in ("test", "causal")}
        for name, tagger in results["taggers"].items()
    }
    recorded["rows"] = chosen_rows(*(_rows(run_dir / folder) for folder in ("data", "kept", "rejected")))
    changed = {name: rows[:SENTENCES_SHOWN] for name, rows in diagnosis["most_changed"].items()}
    write_json(RECORDED / "run.json", recorded)
    write_json(RECORDED / "diagnosis.json", diagnosis | {"most_changed": changed})


def chosen_rows(
    train: list[dict[str, Any]], kept: list[dict[str, Any]], rejected: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The three rows to show, by the rule above, of those in which one mention is replaced."""
    kept, rejected = ([row for row in rows if len(row["replaced"]) == 1] for rows in (kept, rejected))
    kept_of: dict[Any, list[dict[str, Any]]] = {}
    for row in kept:
        kept_of.setdefault(_mention(row), []).append(row)
    unreasonable = min(
        (row for row in rejected if row["score"] is not None and _mention(row) in kept_of),
        key=lambda row: row["score"],
    )
    return {
        "observational": next(row for row in train if row["id"] == unreasonable["source_id"]),
        "reasonable": max(kept_of[_mention(unreasonable)], key=lambda row: row["score"]),
        "unreasonable": unreasonable,
    }


def picture(recorded: Mapping[str, Any]) -> str:
    """Draw a recorded run: three sentences, and the test F1 of its taggers."""
    with matplotlib.rc_context({"font.size": 11, "text.parse_math": False}):
        figure = Figure(figsize=(7.2, 5), facecolor="white")
        sentences, scores = figure.subplots(2, height_ratios=(5, 4))
        _draw_sentences(sentences, recorded["rows"])
        _draw_scores(scores, recorded["taggers"])
        examples, config = recorded["data"]["examples"], recorded["config"]
        notes = (
            f"{config['dataset']}: {examples['train']} examples to train on, {examples['test']} to test on, "
            f"{config['max_steps']} steps each.\n"
            "A generated corpus in which every swap is right. Control: the same number of swaps, not discriminated."
        )
        figure.text(0.03, 0.03, notes, color=_PALE, fontsize=9.5)
        figure.subplots_adjust(left=0.15, right=0.66, top=0.98, bottom=0.2, hspace=0.2)
        return svg(figure, _description(recorded))


def _draw_sentences(axes: Axes, rows: Mapping[str, Mapping[str, Any]]) -> None:
    (replaced,) = rows["unreasonable"]["replaced"]
    start = replaced["start"]
    texts = {
        "observational": (f"an example of the train split, and its {replaced['label']}", _OBSERVED),
        "reasonable": (f"kept, score {rows['reasonable']['score']:.2f}", _KEPT),
        "unreasonable": (
            f"rejected as {rows['unreasonable']['reason']}, score {rows['unreasonable']['score']:.2f}",
            _REJECTED,
        ),
    }
    axes.set_axis_off()
    for place, (name, (text, color)) in enumerate(texts.items()):
        tokens, y = rows[name]["tokens"], 0.95 - 0.34 * place
        form = replaced["original"] if name == "observational" else rows[name]["replaced"][0]["replacement"]
        parts = (tokens[:start], form, tokens[start + len(form) :])
        _write(axes, y, [(name, color, "bold"), (f": {text}", color, "normal")])
        styles = ((_INK, "normal"), (color, "bold"), (_INK, "normal"))
        _write(axes, y - 0.14, [(" ".join(part) + " ", *style) for part, style in zip(parts, styles) if part])


def _write(axes: Axes, y: float, parts: Sequence[tuple[str, str, str]]) -> None:
    """Write parts of one line, each with its color and weight, next to each other."""
    options: dict[str, Any] = {"xy": (-0.23, y), "xycoords": "axes fraction"}
    for text, color, weight in parts:
        written = axes.annotate(text, **options, color=color, weight=weight, va="baseline", annotation_clip=False)
        options = {"xy": (1, y), "xycoords": (written, "axes fraction")}


def _draw_scores(axes: Axes, taggers: Mapping[str, Mapping[str, Any]]) -> None:
    axes.set_title("Strict F1 on test, %, with 95 % interval", fontsize=11, loc="left", color=_INK, weight="bold")
    axes.text(1.55, 1.05, "RI", transform=axes.transAxes, ha="right", weight="bold", color=_INK)
    for place, effects in enumerate(tagger["causal"]["strict"] for tagger in taggers.values()):
        f1, (low, high) = 100 * effects["f1"], (100 * end for end in effects["f1_interval"])
        axes.errorbar(f1, place, xerr=[[f1 - low], [high - f1]], fmt="o", color=_OBSERVED, capsize=4)
        axes.text(105, place, f"{f1:.1f} [{low:.1f}, {high:.1f}]", va="center", color=_INK)
        axes.text(155, place, f"{effects['ri']:+.2f}", va="center", ha="right", color=_INK)
    axes.set(xlim=(0, 100), ylim=(len(taggers) - 0.5, -0.5))
    axes.set_yticks(range(len(taggers)), list(taggers))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.3)


def _description(recorded: Mapping[str, Any]) -> str:
    """The picture in words."""
    texts = [f"{name}: {' '.join(row['tokens'])}" for name, row in recorded["rows"].items()]
    for name, tagger in recorded["taggers"].items():
        texts.append(f"{name}: strict F1 {100 * tagger['causal']['strict']['f1']:.1f} %")
    return "; ".join(texts)


def _without_types(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scores.items() if name != "by_type"}


def _mention(row: Mapping[str, Any]) -> Any:
    (replaced,) = row["replaced"]
    return row["source_id"], replaced["start"], tuple(replaced["original"])


def _rows(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / PARQUET.format(split="train")).to_pylist()


def main() -> None:
    if sys.argv[1:]:
        record(Path(sys.argv[1]))
    PICTURE.write_text(picture(read_json(RECORDED / "run.json")), encoding="utf-8")


if __name__ == "__main__":
    main()
