"""The scores on dev during a training."""

from dataclasses import dataclass, field

from ..utils.records import Record


@dataclass(frozen=True)
class DevEvaluation(Record):
    """One evaluation on the dev split during training."""

    step: int
    strict_f1: float


@dataclass(frozen=True, kw_only=True)
class DevScores(Record):
    """The evaluations on dev during a training.

    Args:
        dev (`list[DevEvaluation]`): All evaluations.
        dev_strict_f1 (`float`): The strict F1 of the weights that the tagger has after training.
        best_step (`int`): The step of these weights.
    """

    dev: list[DevEvaluation] = field(default_factory=list)
    dev_strict_f1: float
    best_step: int
