"""do(e0) and do(c0): predictions with the words of the mentions, or all other words, set to [EMPTY]."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import CfgenError
from ..modeling.decoding import best_tags
from ..modeling.inference import predict_words
from ..modeling.pipeline import as_tagger
from ..tagging.spans import split_tag, tags_to_spans


def map_labels(labels: Iterable[str], label_map: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tag that each label of a model means.

    Args:
        labels (`Iterable[str]`): The model's labels.
        label_map (`Mapping[str, str]`, *optional*): A key is a whole label (`"LABEL_1"`, `"I-ORG"`) and its value a
            tag (`"B-PER"`, `"O"`), or a key is an entity type (`"ORG"`) and its value a type (`"organization"`) or
            `"O"`, so that it counts as nothing. Whole labels win over types.

    Returns:
        `dict[str, str]`: A tag for every label; prefixes stay as they are where a type is mapped.

    Raises:
        CfgenError: A key is neither a label nor a type of the model, a value is no tag or empty, or a label is no tag
            and not mapped to one.

    Example:

    >>> map_labels(["O", "B-ORG", "I-ORG", "B-MISC"], {"ORG": "organization", "MISC": "O"})
    {'O': 'O', 'B-ORG': 'B-organization', 'I-ORG': 'I-organization', 'B-MISC': 'O'}
    """
    labels, label_map = list(labels), label_map or {}
    parts = {label: _parts(label) for label in labels}
    types = {part[1] for part in parts.values() if part and part[1]}
    unknown = sorted(set(label_map) - set(labels) - types)
    if unknown:
        raise CfgenError(
            f"the label map has {', '.join(unknown)}, which the model lacks; it has the labels {', '.join(labels)}"
            + (f" of the types {', '.join(sorted(types))}" if types else "")
        )
    for key, value in label_map.items():
        if not value:
            raise CfgenError(f"the label map has {key}= and nothing behind it: map it to O for nothing")
        if key in parts and _parts(value) is None:
            raise CfgenError(
                f"the label map has {key}={value}, but {key} is a whole label of the model: map it to a tag, O or "
                f"such as I-{value}"
            )
    untagged = [label for label in labels if parts[label] is None and label not in label_map]
    if untagged:
        raise CfgenError(
            f"labels {', '.join(untagged)} of the model are no tags: map every one to the tag that it means, "
            "--label_map LABEL_0=O LABEL_1=B-PER ..., or set the model's config.id2label"
        )
    tags = {}
    for label, part in parts.items():
        if label in label_map:
            tags[label] = label_map[label]
        elif part and part[1] in label_map:
            tags[label] = "O" if label_map[part[1]] == "O" else label.partition("-")[0] + "-" + label_map[part[1]]
        else:
            tags[label] = label
    return tags


def empty_words(tags: Sequence[Sequence[str]]) -> dict[str, list[list[bool]]]:
    """The words that each intervention makes [EMPTY].

    Args:
        tags (`Sequence[Sequence[str]]`): Gold tags, one sequence a sentence.

    Returns:
        `dict[str, list[list[bool]]]`: Under `do_context`, do(c0), the words outside the mentions; under `do_entity`,
        do(e0), those within.

    Example:

    >>> empty_words([["O", "B-A", "I-A"]])
    {'do_context': [[True, False, False]], 'do_entity': [[False, True, True]]}
    """
    within = []
    for gold in tags:
        mask = [False] * len(gold)
        for start, end, _ in tags_to_spans(gold):
            mask[start:end] = [True] * (end - start)
        within.append(mask)
    return {"do_context": [[not inside for inside in mask] for mask in within], "do_entity": within}


def intervened_predictions(
    model: Any,
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    batch_size: int = 32,
    label_map: Mapping[str, str] | None = None,
) -> dict[str, list[list[str]]]:
    """Predictions for sentences as they are, under do(c0) and under do(e0).

    Under do(e0) the embeddings of every word of a gold mention are zero, under do(c0) those of every other word, with
    all their sub-words; special tokens and padding stay as they are (Zeng et al. 2020, section 3.3). The model
    predicts the most probable of its own labels, which is then mapped: a map renames its decisions and changes none.

    Args:
        model (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_tagger`.
        sentences (`Sequence[Sequence[str]]`): The words.
        tags (`Sequence[Sequence[str]]`): Their gold tags.
        batch_size (`int`, *optional*, defaults to 32): Windows a forward pass.
        label_map (`Mapping[str, str]`, *optional*): What the model's labels mean; see `map_labels`.

    Returns:
        `dict[str, list[list[str]]]`: Under `predictions`, `do_context` and `do_entity` the predicted tags.

    Raises:
        CfgenError: The gold tags have an entity type that the model lacks, or see `as_tagger` and `map_labels`.
    """
    tagger = as_tagger(model)
    id2label = tagger.model.config.id2label
    tag_of = map_labels(id2label.values(), label_map)
    known = {split_tag(tag)[1] for tag in tag_of.values()} - {""}
    unknown = {split_tag(tag)[1] for gold in tags for tag in gold} - known - {""}
    if unknown:
        raise CfgenError(
            f"the data has types {', '.join(sorted(unknown))}, which the model lacks; it has "
            f"{', '.join(sorted(known)) or 'none'}: rename the labels of one side, those of the model by hf-cfgen "
            "diagnose --label_map MODEL_TYPE=DATA_TYPE"
        )
    id2tag = {i: tag_of[label] for i, label in id2label.items()}
    return {
        name: [
            best_tags(values, id2tag)
            for values in predict_words(
                tagger.model, tagger.tokenizer, sentences, stride=tagger.stride, batch_size=batch_size, empty=mask
            )
        ]
        for name, mask in {"predictions": None, **empty_words(tags)}.items()
    }


def _parts(tag: str) -> tuple[str, str] | None:
    try:
        return split_tag(tag)
    except CfgenError:
        return None
