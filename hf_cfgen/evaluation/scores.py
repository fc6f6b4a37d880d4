"""All scores of a tagger on a test split, checked against seqeval."""

import logging
from collections.abc import Mapping

from datasets import Dataset
from seqeval.metrics import classification_report

from ..causal.interventions import Tagger, intervened_predictions
from ..data.columns import tag_column
from ..modeling.decoding import decode_tags, tagging_scheme
from ..modeling.pipeline import DiscriminatorPipeline
from ..tagging.scoring import Tags, causal_scores, ner_scores
from ..tagging.spans import split_tag
from .run_result import Evaluation

logger = logging.getLogger(__name__)


def evaluate_tagger(tagger: Tagger, test: Dataset, batch_size: int = 32) -> Evaluation:
    """Compute the scores and causal effects of a tagger on a test split.

    Args:
        tagger (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_tagger`.
        test (`Dataset`): One split with `tokens` and `ner_tags`.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.

    Returns:
        `Evaluation`: `test` (the result of `ner_scores`), `causal` (the result of `causal_scores`), and `seqeval` (the
        result of `seqeval_report`).

    Raises:
        CfgenError: The data has an entity type that the model lacks.
    """
    test = test.with_format(None)
    references = tag_column(test)
    return score_passes(references, intervened_predictions(tagger, list(test["tokens"]), references, batch_size))


def predicted_tags(tagger: DiscriminatorPipeline, dataset: Dataset, batch_size: int = 32) -> list[list[str]]:
    """Predict the tags of the sentences of a dataset.

    Args:
        tagger (`DiscriminatorPipeline`): The tagger.
        dataset (`Dataset`): One split with `tokens`.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.
    """
    config = tagger.model.config
    probabilities = tagger.predict_probabilities(list(dataset["tokens"]), batch_size)
    return decode_tags(probabilities, config.id2label, tagging_scheme(config))


def score_passes(references: Tags, passes: Mapping[str, Tags]) -> Evaluation:
    """Compute the scores and causal effects from the predictions that `intervened_predictions` returns.

    Log an error if seqeval's strict F1 differs.
    """
    scores = ner_scores(references, passes["predictions"])
    seqeval = seqeval_report(references, passes["predictions"])
    theirs = seqeval["micro avg"]["f1-score"] if seqeval else 0.0
    if abs(theirs - scores.strict.f1) > 1e-9:
        logger.error(
            "strict F1 is %.4f, but seqeval computes %.4f: this is a bug in hf_cfgen; please report it with this data",
            scores.strict.f1,
            theirs,
        )
    causal = causal_scores(references, passes["predictions"], passes["do_context"], passes["do_entity"])
    return Evaluation(test=scores, seqeval=seqeval, causal=causal)


def seqeval_report(references: Tags, predictions: Tags) -> dict[str, dict[str, float]]:
    """Return seqeval's classification report, an independent check of the strict scores; empty without mentions.

    Example:

    >>> seqeval_report([["U-A"]], [["U-A"]])["micro avg"]["f1-score"]
    1.0
    """
    names = {tag for side in (references, predictions) for tags in side for tag in tags}
    if names <= {"O"}:
        return {}
    # seqeval does not know BILOU and BMES, so their prefixes are translated; seqeval itself reads leniently
    translated = {tag: _bioes(tag) for tag in names}
    sides = [[[translated[tag] for tag in tags] for tags in side] for side in (references, predictions)]
    report = classification_report(*sides, output_dict=True, zero_division=0)
    return {name: {key: float(value) for key, value in row.items()} for name, row in report.items()}


def _bioes(tag: str) -> str:
    prefix, label = split_tag(tag)
    return f"{prefix}-{label}" if label else prefix
