"""Results of runs: recorded ones are read and written unchanged, and a disagreement with seqeval loses nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from hf_cfgen.evaluation import scores
from hf_cfgen.evaluation.diagnosis import Diagnosis
from hf_cfgen.evaluation.run_result import RunResult
from hf_cfgen.evaluation.scores import score_passes

REPOSITORY = Path(__file__).resolve().parents[2]
RUNS = [
    REPOSITORY / "docs" / "recorded" / "run.json",
    *(REPOSITORY / "model_cards" / "recorded").glob("*/results.json"),
]


def check_holds(written: Any, recorded: Any, path: str = "") -> None:
    """Everything that was recorded is written, with the same value; defaults may be added."""
    if isinstance(recorded, dict):
        for key, value in recorded.items():
            check_holds(written[key], value, f"{path}.{key}")
    else:
        assert written == recorded, path


@pytest.mark.parametrize("file", RUNS, ids=lambda file: file.parent.name)
def test_recorded_runs_are_read_and_written_unchanged(file):
    recorded = json.loads(file.read_text(encoding="utf-8"))
    recorded.pop("rows", None)  # examples of the picture in README, not part of a result
    check_holds(RunResult.from_dict(recorded).to_dict(), recorded)


def test_a_recorded_diagnosis_is_read_and_written_unchanged():
    recorded = json.loads((REPOSITORY / "docs" / "recorded" / "diagnosis.json").read_text(encoding="utf-8"))
    for name in ("hf_cfgen", "model", "data", "split"):
        del recorded[name]
    assert Diagnosis.from_dict(recorded).to_dict() == recorded


def test_a_disagreement_with_seqeval_is_reported_and_loses_no_scores(monkeypatch, caplog):
    gold = [["B-A", "O"]]
    passes = {"predictions": gold, "do_context": gold, "do_entity": [["O", "O"]]}
    expected = score_passes(gold, passes)
    assert expected.seqeval["micro avg"]["f1-score"] == 1.0 and not caplog.records
    other = {"micro avg": {"f1-score": 0.5}}
    monkeypatch.setattr(scores, "seqeval_report", lambda *sides: other)
    evaluation = score_passes(gold, passes)
    assert "seqeval computes 0.5000" in caplog.text and "report" in caplog.text
    assert (evaluation.test, evaluation.causal, evaluation.seqeval) == (expected.test, expected.causal, other)
