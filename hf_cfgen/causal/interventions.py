"""do(e0) and do(c0): predictions with the words of the mentions, or all other words, set to [EMPTY]."""

from collections.abc import Iterable, Mapping, Sequence

from ..errors import CfgenError
from ..modeling.decoding import decode_tags, tagging_scheme
from ..modeling.inference import predict_probabilities
from ..modeling.pipeline import Tagger, as_tagger
from ..tagging.spans import split_tag, tags_to_spans


def map_labels(labels: Iterable[str], model_labels: Mapping[str, str] | None = None) -> dict[str, str]:
    """Map the labels of a model to tags.

    Args:
        labels (`Iterable[str]`): The model's labels.
        model_labels (`Mapping[str, str]`, *optional*): Maps a label (`"LABEL_1"`, `"I-ORG"`) to a tag (`"B-PER"`,
            `"O"`), or an entity type (`"ORG"`) to a type (`"organization"`) or to `"O"` to ignore it. Entries for
            labels take precedence over entries for types.

    Returns:
        `dict[str, str]`: The tag of every label. If its type is mapped, the label keeps its prefix.

    Raises:
        CfgenError: A key is neither a label nor a type of the model, a value is empty or not a tag, or a label that is
            not a tag is not mapped.

    Example:

    >>> map_labels(["O", "B-ORG", "I-ORG", "B-MISC"], {"ORG": "organization", "MISC": "O"})
    {'O': 'O', 'B-ORG': 'B-organization', 'I-ORG': 'I-organization', 'B-MISC': 'O'}
    """
    labels, model_labels = list(labels), model_labels or {}
    parts = {label: _parts(label) for label in labels}
    types = {part[1] for part in parts.values() if part and part[1]}
    unknown = sorted(set(model_labels) - set(labels) - types)
    if unknown:
        raise CfgenError(
            f"model_labels has {', '.join(unknown)}, which the model lacks; it has the labels {', '.join(labels)}"
            + (f" of the types {', '.join(sorted(types))}" if types else "")
        )
    for key, value in model_labels.items():
        if not value:
            raise CfgenError(f"model_labels has {key}= without a value: map it to O to ignore it")
        if key in parts and _parts(value) is None:
            raise CfgenError(
                f"model_labels has {key}={value}, but {key} is a label of the model: map it to a tag, such as "
                f"O or I-{value}"
            )
    untagged = [label for label in labels if parts[label] is None and label not in model_labels]
    if untagged:
        raise CfgenError(
            f"labels {', '.join(untagged)} of the model are not tags: map each of them to a tag, "
            "--model_labels LABEL_0=O LABEL_1=B-PER ..., or set the model's config.id2label"
        )
    tags = {}
    for label, part in parts.items():
        if label in model_labels:
            tags[label] = model_labels[label]
        elif part and part[1] in model_labels:
            tags[label] = (
                "O" if model_labels[part[1]] == "O" else label.partition("-")[0] + "-" + model_labels[part[1]]
            )
        else:
            tags[label] = label
    return tags


def empty_words(tags: Sequence[Sequence[str]]) -> dict[str, list[list[bool]]]:
    """Find the words that do(c0) (all outside the gold mentions) and do(e0) (those of the mentions) set to [EMPTY].

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
    model: Tagger,
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    batch_size: int = 32,
    model_labels: Mapping[str, str] | None = None,
) -> dict[str, list[list[str]]]:
    """Predict the tags of the unchanged sentences and of the sentences under do(c0) and do(e0).

    Under do(e0), the embeddings of all sub-words of the gold mentions are zero; under do(c0), those of all other
    words. Special tokens and padding are unchanged (Zeng et al. 2020, section 3.3). `model_labels` only renames the
    predicted labels, so it never changes a decision.

    Args:
        model (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_tagger`.
        sentences (`Sequence[Sequence[str]]`): The words of each sentence.
        tags (`Sequence[Sequence[str]]`): The gold tags.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.
        model_labels (`Mapping[str, str]`, *optional*): The tags for the model's labels; see `map_labels`.

    Returns:
        `dict[str, list[list[str]]]`: The predicted tags under `predictions`, `do_context` and `do_entity`.

    Raises:
        CfgenError: The gold tags have an entity type that the model lacks. See also `as_tagger` and `map_labels`.
    """
    tagger = as_tagger(model)
    id2label = tagger.model.config.id2label
    tag_of = map_labels(id2label.values(), model_labels)
    known = {split_tag(tag)[1] for tag in tag_of.values()} - {""}
    unknown = {split_tag(tag)[1] for gold in tags for tag in gold} - known - {""}
    if unknown:
        raise CfgenError(
            f"the data has types {', '.join(sorted(unknown))}, which the model lacks; it has "
            f"{', '.join(sorted(known)) or 'none'}: rename the types of the data, or those of the model with "
            "hf-cfgen diagnose --model_labels MODEL_TYPE=DATA_TYPE"
        )
    id2tag = {i: tag_of[label] for i, label in id2label.items()}
    windows = tagger.preprocess(sentences, tagger.stride).windows
    predicted = {
        name: predict_probabilities(tagger.model, windows, batch_size, empty)
        for name, empty in {"predictions": None, **empty_words(tags)}.items()
    }
    scheme = None if model_labels else tagging_scheme(tagger.model.config)
    return {name: decode_tags(rows, id2tag, scheme) for name, rows in predicted.items()}


def _parts(tag: str) -> tuple[str, str] | None:
    try:
        return split_tag(tag)
    except CfgenError:
        return None
