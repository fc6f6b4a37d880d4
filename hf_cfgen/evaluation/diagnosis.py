"""Diagnose what a tagger reads: its scores, its causal effects, and the predictions that interventions change most."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from datasets import Dataset

from ..causal.interventions import Tagger, empty_words, intervened_predictions, map_labels
from ..data.columns import check_columns, tag_column
from ..errors import CfgenError
from ..modeling.pipeline import as_tagger
from ..tagging.scoring import CausalEffects, TaggerScores, causal_scores, ner_scores
from ..tagging.spans import split_tag, tags_to_spans
from ..utils.records import Record


@dataclass(frozen=True)
class ChangedSentence(Record):
    """A sentence whose prediction an intervention changes.

    Args:
        id (`str`): Its id, or its position in the dataset.
        tokens (`list[str]`): Its words.
        gold (`list[str]`): The gold tags.
        predicted (`list[str]`): The predicted tags.
        intervened (`list[str]`): The predicted tags under the intervention.
        empty (`list[bool]`): Whether the intervention sets each word to [EMPTY].
        changed (`int`): The number of words whose predicted tag changes.
    """

    id: str
    tokens: list[str]
    gold: list[str]
    predicted: list[str]
    intervened: list[str]
    empty: list[bool]
    changed: int


@dataclass(frozen=True)
class Diagnosis(Record):
    """What `diagnose` returns.

    Args:
        sentences (`int`): The number of sentences.
        scores (`TaggerScores`): Precision, recall and F1.
        effects (`CausalEffects`): ACE_C, ACE_E and RI with intervals.
        model_labels (`dict[str, str]`): The `model_labels` that were used.
        model_types_without_data (`list[str]`): Types of the model that do not occur in the data, after mapping.
            Predictions of these types count as errors, unless they are mapped to `"O"`.
        most_changed (`dict[str, list[ChangedSentence]]`): Under `do_context` and `do_entity`, the result of
            `most_changed`.
    """

    sentences: int
    scores: TaggerScores
    effects: CausalEffects
    model_labels: dict[str, str]
    model_types_without_data: list[str]
    most_changed: dict[str, list[ChangedSentence]]


def diagnose(
    model: Tagger,
    dataset: Dataset,
    *,
    model_labels: Mapping[str, str] | None = None,
    batch_size: int = 32,
    resamples: int = 1000,
    seed: int = 0,
    max_changed_sentences: int = 10,
) -> Diagnosis:
    """Score a tagger, and measure how its scores and predictions change without the context and without the entities.

    Args:
        model (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): Any token-classification model; see
            `as_tagger`.
        dataset (`Dataset`): One split with `tokens` and `ner_tags`, and optionally `id`.
        model_labels (`Mapping[str, str]`, *optional*): The tags that the model's labels mean; see `map_labels`.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.
        max_changed_sentences (`int`, *optional*, defaults to 10): The maximum number of sentences to list per
            intervention.

    Returns:
        `Diagnosis`: The scores, the effects, and the sentences that change most.

    Raises:
        CfgenError: Columns are missing, there are no mentions, the model's labels are not tags, `model_labels` does
            not fit them, the data has an entity type that the model lacks, or a number is too small.
    """
    check_columns(dataset)
    least = {
        "batch_size": (batch_size, 1),
        "resamples": (resamples, 1),
        "seed": (seed, 0),
        "max_changed_sentences": (max_changed_sentences, 0),
    }
    for name, (value, smallest) in least.items():
        if value < smallest:
            raise CfgenError(f"{name} is {value}: give at least {smallest}")
    sentences, tags = list(dataset["tokens"]), tag_column(dataset)
    if not any(tags_to_spans(gold) for gold in tags):
        raise CfgenError("no mention in these rows: every score would be 0; give rows with mentions, or another split")
    ids = [str(name) for name in (dataset["id"] if "id" in dataset.column_names else range(len(dataset)))]
    tagger = as_tagger(model)
    types = {split_tag(tag)[1] for tag in map_labels(tagger.model.config.id2label.values(), model_labels).values()}
    passes = intervened_predictions(tagger, sentences, tags, batch_size, model_labels)
    changed = {}
    for name, empty in empty_words(tags).items():
        rows = zip(ids, sentences, tags, passes["predictions"], passes[name], empty, strict=True)
        changed[name] = most_changed((_changed_sentence(*row) for row in rows), max_changed_sentences)
    return Diagnosis(
        sentences=len(sentences),
        scores=ner_scores(tags, passes["predictions"]),
        effects=causal_scores(tags, **passes, resamples=resamples, seed=seed),
        model_labels=dict(model_labels or {}),
        model_types_without_data=sorted(types - {split_tag(tag)[1] for gold in tags for tag in gold} - {""}),
        most_changed=changed,
    )


def most_changed(sentences: Iterable[ChangedSentence], limit: int) -> list[ChangedSentence]:
    """Select up to `limit` sentences with changed words, most changes first; ties keep their order."""
    rows = [row for row in sentences if row.changed]
    return sorted(rows, key=lambda row: -row.changed)[:limit]


def _changed_sentence(
    id: str, tokens: list[str], gold: list[str], predicted: list[str], intervened: list[str], empty: list[bool]
) -> ChangedSentence:
    changed = sum(before != after for before, after in zip(predicted, intervened, strict=True))
    return ChangedSentence(id, tokens, gold, predicted, intervened, empty, changed)
