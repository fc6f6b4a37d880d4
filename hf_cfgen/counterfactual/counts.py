"""The numbers of generated, kept and rejected counterfactual examples, and the reasons for rejection."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from ..utils.records import Record

RejectionReason = Literal["truncated", "wrong_boundaries", "wrong_type", "missed"]

REASONS: tuple[RejectionReason, ...] = get_args(RejectionReason)


@dataclass(frozen=True)
class TypeCounts(Record):
    """The counts of one entity type.

    Args:
        mentions (`int`): Its mentions in the train split.
        forms (`int`): Its surface forms.
        candidates (`int`): Its replaced mentions in the candidates.
        kept (`int`): Its replaced mentions in the kept candidates.
    """

    mentions: int
    forms: int
    candidates: int
    kept: int


@dataclass(frozen=True)
class GenerationCounts(Record):
    """The counts of `generate_counterfactuals`.

    Args:
        examples (`int`): Observational examples.
        examples_without_candidates (`int`): Examples for which no candidate is left.
        drawn (`int`): Interventions, duplicates included.
        duplicates (`int`): Dropped because their tokens equal an observational example or an earlier candidate.
        candidates (`int`): `drawn` minus `duplicates`.
        kept (`int`): Candidates that the discriminator accepts; all if there is no discriminator.
        rejected (`dict[str, int]`): The number of rejected candidates by reason: `truncated`, `wrong_boundaries`,
            `wrong_type`, `missed`, or a reason of your own filter.
        by_type (`dict[str, TypeCounts]`): The counts by entity type.
        unswappable_types (`list[str]`): Types with a single surface form, which have nothing to swap in.
    """

    examples: int
    examples_without_candidates: int
    drawn: int
    duplicates: int
    candidates: int
    kept: int
    rejected: dict[str, int] = field(default_factory=dict)
    by_type: dict[str, TypeCounts] = field(default_factory=dict)
    unswappable_types: list[str] = field(default_factory=list)
