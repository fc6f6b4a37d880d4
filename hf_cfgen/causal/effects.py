"""Measure ACE_C, ACE_E and RI of a tagger. `tagging/scoring.py: causal_scores` has their formulas."""

from datasets import Dataset

from ..data.columns import check_columns, tag_column
from ..tagging.scoring import CausalEffects, causal_scores
from .interventions import Tagger, intervened_predictions


def causal_effects(
    model: Tagger, dataset: Dataset, *, batch_size: int = 32, resamples: int = 1000, seed: int = 0
) -> CausalEffects:
    """Measure ACE_C, ACE_E and RI of a tagger on a dataset.

    Args:
        model (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): The tagger; see `as_tagger`.
        dataset (`Dataset`): One split with `tokens` and `ner_tags`, usually the test split.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.

    Returns:
        `CausalEffects`: See `causal_scores`.

    Raises:
        CfgenError: Columns are missing, the model's labels are not tags, or the data has an entity type that the model
            lacks.
    """
    check_columns(dataset)
    dataset = dataset.with_format(None)
    tags = tag_column(dataset)
    passes = intervened_predictions(model, list(dataset["tokens"]), tags, batch_size)
    return causal_scores(tags, **passes, resamples=resamples, seed=seed)
