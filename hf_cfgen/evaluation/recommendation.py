"""Recommend one of the taggers of a run, by their scores on the dev split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..tagging.scoring import LEVELS, Interval, Tags, bootstrap_f1, count, f1, interval
from ..utils.records import Record

Basis = Literal["difference", "default", "unusable"]

_USABLE = 0.1  # strict F1

_STRICT = LEVELS.index("strict")


@dataclass(frozen=True, kw_only=True)
class Recommendation(Record):
    """Which tagger of a run to use, by strict F1 on dev.

    Args:
        tagger (`str` or `None`): Its name; `None` if no tagger is usable.
        basis (`str`): `"difference"` if the tagger is better than `other` by more than chance explains, `"default"` if
            chance can explain the difference, so that `tagger` is the default one, or `"unusable"` if the strict F1 of
            every tagger is below 0.1.
        other (`str`): The tagger that it is compared with.
        f1 (`dict[str, float]`): The strict F1 of every tagger on dev, from 0 to 1.
        f1_interval (`dict[str, tuple[float, float]]`): Their 95 % intervals, see `bootstrap_f1`.
        difference (`float`): The difference in strict F1 between both taggers.
        difference_interval (`tuple[float, float]`): Its 95 % interval, paired by sentence.
        sentences (`int`): The sentences of dev.
        mentions (`int`): Its gold mentions.
    """

    tagger: str | None
    basis: Basis
    other: str
    f1: dict[str, float]
    f1_interval: dict[str, Interval]
    difference: float
    difference_interval: Interval
    sentences: int
    mentions: int


def recommend(references: Tags, predictions: Mapping[str, Tags], baseline: str, default: str) -> Recommendation:
    """Recommend a tagger.

    The tagger with the highest strict F1 is compared with the baseline; if the baseline has the highest, with the
    default. It is recommended if the interval of the difference excludes 0; otherwise the default is.

    Args:
        references (`Sequence[Sequence[str]]`): The gold tags of dev.
        predictions (`Mapping[str, Sequence[Sequence[str]]]`): The predicted tags of each tagger, with at least the
            baseline and the default.
        baseline (`str`): The tagger that the others should improve on.
        default (`str`): The tagger to use if dev does not decide.

    Returns:
        `Recommendation`: The recommendation and the numbers behind it.

    Example:

    >>> gold, wrong = [["B-A"], ["B-A"]], [["O"], ["O"]]
    >>> found = recommend(gold, {"NoAug": wrong, "Aug": gold}, "NoAug", "Aug")
    >>> found.tagger, found.basis, found.difference_interval
    ('Aug', 'difference', (1.0, 1.0))
    """
    counts = {name: count(references, predicted) for name, predicted in predictions.items()}
    totals = {name: one.values.sum(axis=(0, 2))[_STRICT] for name, one in counts.items()}
    scores = {name: float(f1(total)) for name, total in totals.items()}
    samples = {name: values[:, _STRICT, 0] for name, values in bootstrap_f1(counts).items()}
    best = max(scores, key=lambda name: (scores[name], name == default))
    other = baseline if best != baseline else default
    is_better = interval(samples[best] - samples[other])[0] > 0
    tagger, other = (best, other) if is_better else (default, baseline)
    usable = max(scores.values()) >= _USABLE
    return Recommendation(
        tagger=tagger if usable else None,
        basis="unusable" if not usable else "difference" if is_better else "default",
        other=other,
        f1=scores,
        f1_interval={name: interval(values) for name, values in samples.items()},
        difference=scores[tagger] - scores[other],
        difference_interval=interval(samples[tagger] - samples[other]),
        sentences=len(references),
        mentions=int(totals[baseline][2]),
    )
