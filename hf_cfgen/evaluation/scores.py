"""All scores of a tagger on a test split, with seqeval as an independent witness."""

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset
from seqeval.metrics import classification_report

from ..causal.interventions import intervened_predictions
from ..data.columns import tag_column
from ..tagging.scoring import causal_scores, ner_scores
from ..tagging.spans import split_tag


def evaluate_tagger(tagger: Any, test: Dataset, batch_size: int = 32) -> dict[str, Any]:
    """Score and explain a tagger.

    Args:
        tagger (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_tagger`.
        test (`Dataset`): One split with `tokens` and `ner_tags`.
        batch_size (`int`, *optional*, defaults to 32): Windows a forward pass.

    Returns:
        `dict`: `test`, the result of `ner_scores`; `seqeval`, of `seqeval_report`; `causal`, of `causal_scores`, with
        the interval of F1 itself.

    Raises:
        CfgenError: The data has an entity type that the model lacks.
        RuntimeError: Our strict F1 is not seqeval's, which is a bug.
    """
    test = test.with_format(None)
    references = tag_column(test)
    return score_passes(references, intervened_predictions(tagger, list(test["tokens"]), references, batch_size))


def score_passes(references: Sequence[Sequence[str]], passes: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Any]:
    """Score and explain what a tagger predicted.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags.
        passes (`Mapping[str, Sequence[Sequence[str]]]`): What `intervened_predictions` returns.

    Returns:
        `dict`: See `evaluate_tagger`.

    Raises:
        RuntimeError: Our strict F1 is not seqeval's, which is a bug.
    """
    predictions = passes["predictions"]
    scores, witness = ner_scores(references, predictions), seqeval_report(references, predictions)
    if witness and abs(witness["micro avg"]["f1-score"] - scores["strict"]["f1"]) > 1e-9:
        raise RuntimeError("strict F1 and seqeval's differ: a bug, please report it with this data set")
    return {
        "test": scores,
        "seqeval": witness,
        "causal": causal_scores(references, predictions, passes["do_context"], passes["do_entity"]),
    }


def seqeval_report(references: Sequence[Sequence[str]], predictions: Sequence[Sequence[str]]) -> dict[str, Any]:
    """seqeval's classification report, an independent witness of the strict scores.

    Args:
        references (`Sequence[Sequence[str]]`): Gold tags of any scheme.
        predictions (`Sequence[Sequence[str]]`): Predicted tags.

    Returns:
        `dict`: seqeval's report by type, and its averages, as plain floats; empty where nothing is tagged.

    Example:

    >>> seqeval_report([["U-A"]], [["U-A"]])["micro avg"]["f1-score"]
    1.0
    """
    names = {tag for side in (references, predictions) for tags in side for tag in tags}
    if names <= {"O"}:
        return {}
    # seqeval knows no BILOU and no BMES; what is lenient is left to it
    bioes_of = {tag: _bioes(tag) for tag in names}
    bioes = [[[bioes_of[tag] for tag in tags] for tags in side] for side in (references, predictions)]
    report = classification_report(*bioes, output_dict=True, zero_division=0)
    return {name: {key: float(value) for key, value in row.items()} for name, row in report.items()}


def _bioes(tag: str) -> str:
    prefix, label = split_tag(tag)
    return f"{prefix}-{label}" if label else prefix
