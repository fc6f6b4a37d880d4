"""What a tagger reads, on one data set: its scores, causal effects, and the predictions that interventions change."""

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset

from ..causal.interventions import empty_words, intervened_predictions, map_labels
from ..data.columns import check_columns, tag_column
from ..errors import CfgenError
from ..modeling.pipeline import as_tagger
from ..tagging.scoring import causal_scores, ner_scores
from ..tagging.spans import split_tag, tags_to_spans


def diagnose(
    model: Any,
    dataset: Dataset,
    *,
    label_map: Mapping[str, str] | None = None,
    batch_size: int = 32,
    resamples: int = 1000,
    seed: int = 0,
    examples: int = 10,
) -> dict[str, Any]:
    """Score a tagger, and show how its scores and predictions change without the context and without the entities.

    Args:
        model (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): Any token-classification model; see
            `as_tagger`.
        dataset (`Dataset`): One split with `tokens` and `ner_tags`, and `id` if it has one.
        label_map (`Mapping[str, str]`, *optional*): What the model's labels are called in the data; see `map_labels`.
        batch_size (`int`, *optional*, defaults to 32): Windows a forward pass.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.
        examples (`int`, *optional*, defaults to 10): The most sentences to show for each intervention.

    Returns:
        `dict`: JSON-serialisable.

        - `sentences` (`int`): Their number.
        - `scores`, `effects`: What `ner_scores` and `causal_scores` return.
        - `label_map` (`dict[str, str]`): The one given.
        - `model_types_without_data` (`list[str]`): Types of the model, by their mapped names, of which the data has no
          mention. What the model predicts of them counts as errors; mapping such a type to `"O"` drops it.
        - `most_changed`: Under `do_context` and `do_entity` what `most_changed` returns.

    Raises:
        CfgenError: Columns are missing, there is no mention, the model's labels are no tags, the label map does not
            fit them, the data has an entity type that the model lacks, or a number is too small.
    """
    check_columns(dataset)
    least = {"batch_size": (batch_size, 1), "resamples": (resamples, 1), "seed": (seed, 0), "examples": (examples, 0)}
    for name, (value, smallest) in least.items():
        if value < smallest:
            raise CfgenError(f"{name} is {value}: give at least {smallest}")
    sentences, tags = list(dataset["tokens"]), tag_column(dataset)
    if not any(tags_to_spans(gold) for gold in tags):
        raise CfgenError("no mention in these rows: every score would be 0; give rows with some, or another split")
    ids = [str(name) for name in (dataset["id"] if "id" in dataset.column_names else range(len(dataset)))]
    tagger = as_tagger(model)
    types = {split_tag(tag)[1] for tag in map_labels(tagger.model.config.id2label.values(), label_map).values()}
    passes = intervened_predictions(tagger, sentences, tags, batch_size, label_map)
    effects = causal_scores(tags, **passes, resamples=resamples, seed=seed)
    return {
        "sentences": len(sentences),
        "scores": ner_scores(tags, passes["predictions"]),
        "effects": effects,
        "label_map": dict(label_map or {}),
        "model_types_without_data": sorted(types - {split_tag(tag)[1] for gold in tags for tag in gold} - {""}),
        "most_changed": {
            name: most_changed(
                {
                    "id": ids,
                    "tokens": sentences,
                    "gold": tags,
                    "predicted": passes["predictions"],
                    "intervened": passes[name],
                    "empty": empty,
                },
                examples,
            )
            for name, empty in empty_words(tags).items()
        },
    }


def most_changed(columns: Mapping[str, Sequence[Any]], limit: int) -> list[dict[str, Any]]:
    """The sentences whose prediction an intervention changes most.

    Args:
        columns (`Mapping[str, Sequence]`): Under `id` a name for each sentence, under `tokens`, `gold`, `predicted`,
            `intervened` and `empty` its words, their gold tags, their predicted tags as they are and under the
            intervention, and whether it made them [EMPTY].
        limit (`int`): The most sentences to return.

    Returns:
        `list[dict]`: Rows of `columns` with `changed`, the number of words whose predicted tag differs: most changes
        first, equals in the order given, none without a change.

    Example:

    >>> columns = {"id": ["a", "b"], "predicted": [["O"], ["B-PER"]], "intervened": [["O"], ["O"]]}
    >>> most_changed(columns, limit=10)
    [{'id': 'b', 'predicted': ['B-PER'], 'intervened': ['O'], 'changed': 1}]
    """
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    for row in rows:
        row["changed"] = sum(one != other for one, other in zip(row["predicted"], row["intervened"]))
    return sorted((row for row in rows if row["changed"]), key=lambda row: -row["changed"])[:limit]
