"""Write the tables of README.md and docs/ from results files; with --check, only say if they are current.

    python scripts/update_readme.py [--check]

A table stands between `<!-- TABLE FILE.json -->` and `<!-- end -->`, the file's path from the root of the repository;
TABLE is `scores`, `causal` or `paper`, over seeds, `run`, `counts` or `diagnosis`, of one recorded run, or
`alternatives`.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from hf_cfgen.output import read_json  # noqa: E402
from hf_cfgen.report.diagnosis import diagnosis_table  # noqa: E402
from hf_cfgen.report.experiments import paper  # noqa: E402
from hf_cfgen.report.seeds import causal_rows, score_rows  # noqa: E402
from hf_cfgen.report.tables import causal_table, counts_line, score_table  # noqa: E402

PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
MARKED = re.compile(r"<!-- (\w+) ([\w/-]+\.json) -->\n.*?<!-- end -->", re.DOTALL)


def _paper_rows(runs: list[dict[str, Any]]) -> list[str]:
    """F1 of Zeng et al. (2020), Table 2, beside the means of ours."""
    printed = dict(zip(paper.TRAIN_EXAMPLES, paper.F1["CLUENER", "LSTM"]))
    lines = ["| N | paper: NoAug | Aug | gain | here: NoAug | Aug | gain |", "|---|---|---|---|---|---|---|"]
    for n, pair in printed.items():
        assert pair is not None, "the rows that are likely copies are BERT's"
        noaug, aug = pair
        cells = [f"{noaug:.1f}", f"{aug:.1f}", f"{aug - noaug:+.1f}", "", "", ""]
        ours = [run["taggers"] for run in runs if run["config"]["num_train_examples"] == n]
        if ours:
            means = [100 * mean(run[name]["test"]["strict"]["f1"] for run in ours) for name in ("NoAug", "Aug")]
            cells[3:] = f"{means[0]:.1f}", f"{means[1]:.1f}", f"{means[1] - means[0]:+.1f}"
        lines.append(f"| {n} | {' | '.join(cells)} |")
    return lines


def _alternatives_rows(results: dict[str, Any]) -> list[str]:
    """What other packages wrote for the same sentences."""
    packages = results["packages"]
    lines = ["".join(f"| {name} " for name in ("", *packages)) + "|", "|---" * (1 + len(packages)) + "|"]
    for title, corpus, key in (
        ("broken rows, CLUENER", "CLUENER", "broken"),
        ("broken rows, WNUT-17", "WNUT-17", "broken"),
        ("rows equal to a source row, CLUENER", "CLUENER", "equal_to_a_source_row"),
    ):
        cells = [f"{package[corpus][key]} of {package[corpus]['rows']}" for package in packages.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    rates = [f"{package['CLUENER']['rows_per_second']}" for package in packages.values()]
    return [*lines, f"| rows a second, CLUENER, rough | {' | '.join(rates)} |"]


def _text(table: str) -> list[str]:
    return ["```text", table, "```"]


TABLES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "scores": lambda results: score_rows(results["runs"]),
    "causal": lambda results: causal_rows(results["runs"]),
    "paper": lambda results: _paper_rows(results["runs"]),
    "alternatives": _alternatives_rows,
    "run": lambda run: _text(f"{score_table(run)}\n\n{causal_table(run)}"),
    "counts": lambda run: _text(counts_line(run["counts"])),
    "diagnosis": lambda diagnosis: _text(diagnosis_table(diagnosis)),
}


def current(text: str) -> str:
    """The text with every table made anew."""

    def table(match: re.Match[str]) -> str:
        name, file = match.groups()
        return "\n".join([f"<!-- {name} {file} -->", *TABLES[name](read_json(REPOSITORY / file)), "<!-- end -->"])

    return MARKED.sub(table, text)


def main() -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    stale = {page: current(text) for page, text in texts.items() if text != current(text)}
    if "--check" in sys.argv[1:]:
        names = ", ".join(page.relative_to(REPOSITORY).as_posix() for page in stale)
        sys.exit(f"{names}: not current: run python scripts/update_readme.py" if stale else 0)
    for page, text in stale.items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
