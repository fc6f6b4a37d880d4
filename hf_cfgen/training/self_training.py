"""Self-training: a tagger labels unlabeled sentences, and another one learns from those that it is certain of."""

from collections.abc import Mapping

import numpy as np
from datasets import ClassLabel, Dataset, Features, List, Value, concatenate_datasets

from ..counterfactual.generation import unique_rows
from ..data.columns import COUNTERFACTUAL_FEATURES
from ..modeling.decoding import decode_tags, tagging_scheme
from ..modeling.pipeline import DiscriminatorPipeline
from ..tagging.spans import tags_to_spans


def new_sentences(sentences: Dataset, splits: Mapping[str, Dataset]) -> Dataset:
    """Leave out the sentences that equal a sentence of a split or an earlier one.

    Args:
        sentences (`Dataset`): Unlabeled sentences with `tokens`.
        splits (`Mapping[str, Dataset]`): Labeled splits with `tokens`.

    Returns:
        `Dataset`: The other sentences, in the same order.

    Example:

    >>> sentences, train = (Dataset.from_dict({"tokens": [[word] for word in words]}) for words in ("abcb", "a"))
    >>> new_sentences(sentences, {"train": train})["tokens"][:]
    [['b'], ['c']]
    """
    known = concatenate_datasets([split.select_columns(["tokens"]) for split in splits.values()])
    return sentences.select(unique_rows(known, sentences))


def pseudo_label(tagger: DiscriminatorPipeline, sentences: Dataset, share: float = 0.3) -> Dataset:
    """Label sentences with the tags that a tagger predicts, and keep those that it is most certain of.

    The certainty of a mention is the smallest probability of its tags, the certainty of a sentence that of its least
    certain mention. Sentences without a mention are left out.

    Args:
        tagger (`DiscriminatorPipeline`): The tagger, the teacher of self-training.
        sentences (`Dataset`): Unlabeled sentences with `id` and `tokens`.
        share (`float`, *optional*, defaults to 0.3): The share of the sentences with mentions to keep, from 0 to 1.
            Of equally certain ones, the first are kept.

    Returns:
        `Dataset`: The kept sentences in the same order, with the columns of `with_provenance`. `ner_tags` has the
        labels of the tagger, and `score` is the certainty: only pseudo-labeled rows have a score but are not
        counterfactual.
    """
    config = tagger.model.config
    probabilities = tagger.predict_probabilities(list(sentences["tokens"]))
    tags = decode_tags(probabilities, config.id2label, tagging_scheme(config))
    codes = [[config.label2id[tag] for tag in row] for row in tags]
    certainty = np.array(list(map(_certainty, probabilities, tags, codes)), dtype=np.float32)
    found = np.flatnonzero(~np.isnan(certainty))
    kept = np.sort(found[np.argsort(-certainty[found], kind="stable")[: round(share * len(found))]])
    ids = [sentences["id"][row] for row in kept]
    columns = {
        "id": ids,
        "tokens": [sentences["tokens"][row] for row in kept],
        "ner_tags": [codes[row] for row in kept],
        "source_id": ids,
        "is_counterfactual": [False] * len(kept),
        "replaced": [[]] * len(kept),
        "score": certainty[kept],
        "reason": [None] * len(kept),
    }
    tag = ClassLabel(names=[config.id2label[number] for number in range(len(config.id2label))])
    features = {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(tag)}
    return Dataset.from_dict(columns, features=Features({**features, **COUNTERFACTUAL_FEATURES}))


def _certainty(probabilities: np.ndarray, tags: list[str], codes: list[int]) -> float:
    """Return the smallest probability of a tag of a mention, or NaN if there are no mentions."""
    chosen = probabilities[np.arange(len(codes)), codes]
    return min((float(chosen[span.start : span.end].min()) for span in tags_to_spans(tags)), default=np.nan)


def mix_pseudo_labeled(mixed: Dataset, pseudo: Dataset, seed: int = 42) -> Dataset:
    """Mix pseudo-labeled rows with the rows that their teacher was trained on, and shuffle them.

    The rows of the smaller part are repeated, so that a batch has as many of either part on average.

    Args:
        mixed (`Dataset`): The rows that the teacher was trained on, from `mix`.
        pseudo (`Dataset`): The result of `pseudo_label`, at least one row.
        seed (`int`, *optional*, defaults to 42): Seed of the shuffle.

    Returns:
        `Dataset`: The rows. Columns that only `mixed` has are null on pseudo-labeled rows.
    """
    size = max(len(mixed), len(pseudo))
    parts = [part.select(np.resize(np.arange(len(part)), size)) for part in (mixed, pseudo)]
    return concatenate_datasets(parts).shuffle(seed=seed)
