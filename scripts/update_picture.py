"""Draw docs/images/run.svg from docs/recorded/run.json; with RUN_DIR, record that run first.

    hf-cfgen run --dataset demo:en --control true --output_dir runs/demo-en
    hf-cfgen diagnose runs/demo-en/aug demo:en --output runs/demo-en/diagnosis.json
    python scripts/update_picture.py runs/demo-en

The rows are chosen by a rule: of the rejected candidates whose mention has a kept one too, the one of the lowest score
(the first of equals), its source, and of the kept candidates for that mention the one of the highest.
"""

import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from hf_cfgen.evaluation.run_result import PARQUET  # noqa: E402
from hf_cfgen.tagging.scoring import LEVELS  # noqa: E402
from hf_cfgen.utils.files import read_json, write_json  # noqa: E402

RECORDED = REPOSITORY / "docs" / "recorded"
PICTURE = REPOSITORY / "docs" / "images" / "run.svg"
# of a run on an embedded corpus, none of which is a path
_CONFIG = ("dataset", "num_train_examples", "seed", "model", "recipe", "k", "max_steps", "learning_rate")
_TAGGER = ("examples", "dev_strict_f1", "best_step", "context_dropout", "tried", "seconds")
SENTENCES_SHOWN = 2  # of a diagnosis, for each intervention
_KEPT, _REJECTED, _OBSERVED, _INK, _PALE = "#1a7f37", "#b42318", "#0b5cad", "#1f2328", "#59636e"


def record(run_dir: Path) -> None:
    """Write docs/recorded from a run and its diagnosis."""
    results, diagnosis = read_json(run_dir / "results.json"), read_json(run_dir / "diagnosis.json")
    recorded = {
        name: results[name] for name in ("hf_cfgen", "names", "environment", "command", "commit", "data", "deploy")
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
    """The three rows to show, by the rule above."""
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
    """The picture of a recorded run: three sentences, and the test F1 of its taggers."""
    rows, config = recorded["rows"], recorded["config"]
    (replaced,) = rows["unreasonable"]["replaced"]
    label, start = replaced["label"], replaced["start"]
    lines = [
        ("observational", f"an example of the train split, and its {label}", replaced["original"], _OBSERVED),
        ("reasonable", f"kept, score {rows['reasonable']['score']:.2f}", None, _KEPT),
        (
            "unreasonable",
            f"rejected as {rows['unreasonable']['reason']}, score {rows['unreasonable']['score']:.2f}",
            None,
            _REJECTED,
        ),
    ]
    body, y = [], 0
    for name, said, form, colour in lines:
        tokens = rows[name]["tokens"]
        form = form or rows[name]["replaced"][0]["replacement"]
        y += 36
        body.append(_text(20, y, f"<tspan {_BOLD}>{name}</tspan>: {escape(said)}", colour, 17))
        marked = f'<tspan fill="{colour}" {_BOLD} text-decoration="underline">{escape(" ".join(form))}</tspan>'
        before, after = (escape(" ".join(part)) for part in (tokens[:start], tokens[start + len(form) :]))
        y += 28
        body.append(_text(20, y, f"{before} {marked} {after}".strip(), _INK, 20))
    y += 22
    body.append(f'<path d="M20 {y}H700" stroke="#d0d7de"/>')
    y += 30
    body.append(_text(20, y, f"<tspan {_BOLD}>Strict F1 on test</tspan>, %, with 95 % interval", _INK, 17))
    body.append(_text(700, y, "RI", _INK, 17, f'text-anchor="end" {_BOLD}'))
    for name, tagger in recorded["taggers"].items():
        y += 34
        body += _scores(y, name, tagger["causal"]["strict"])
    y += 30
    examples = recorded["data"]["examples"]
    notes = (
        f"{config['dataset']}: {examples['train']} examples to train on, {examples['test']} to test on, "
        f"{config['max_steps']} steps each.",
        "A generated corpus in which every swap is right. Control: as many unjudged swaps.",
    )
    for note in notes:
        body.append(_text(20, y, escape(note), _PALE, 16))
        y += 22
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {y}" role="img" font-family="{_FONTS}">',
            f"<title>{escape(_told(recorded))}</title>",
            f'<rect x="1" y="1" width="718" height="{y - 2}" rx="10" fill="#ffffff" stroke="#d0d7de"/>',
            *body,
            "</svg>\n",
        ]
    )


_BOLD = 'font-weight="600"'
_FONTS = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
_LEFT, _WIDTH = 120, 300  # of the axis from 0 to 100 %


def _scores(y: int, name: str, effects: Mapping[str, Any]) -> Iterator[str]:
    f1, (low, high) = 100 * effects["f1"], (100 * end for end in effects["f1_interval"])
    at, begin, end = (_LEFT + _WIDTH * value / 100 for value in (f1, low, high))
    yield _text(20, y, escape(name), _INK, 20)
    yield f'<path d="M{_LEFT} {y - 6}h{_WIDTH}" stroke="#d0d7de"/>'
    yield f'<path d="M{begin:.1f} {y - 6}H{end:.1f}" stroke="{_OBSERVED}" stroke-width="5"/>'
    yield f'<circle cx="{at:.1f}" cy="{y - 6}" r="6" fill="{_OBSERVED}"/>'
    yield _text(_LEFT + _WIDTH + 20, y, f"<tspan {_BOLD}>{f1:.1f}</tspan> [{low:.1f}, {high:.1f}]", _INK, 20)
    yield _text(700, y, f"{effects['ri']:+.2f}", _INK, 20, 'text-anchor="end"')


def _text(x: int, y: int, content: str, colour: str, size: int, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{more and f" {more}"}>{content}</text>'


def _told(recorded: Mapping[str, Any]) -> str:
    """The picture in words."""
    told = [f"{name}: {' '.join(row['tokens'])}" for name, row in recorded["rows"].items()]
    for name, tagger in recorded["taggers"].items():
        told.append(f"{name}: strict F1 {100 * tagger['causal']['strict']['f1']:.1f} %")
    return "; ".join(told)


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
