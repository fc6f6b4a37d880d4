"""Create untrained taggers: an LSTM for the words of a train split, or a head on a pretrained encoder."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from ..errors import CfgenError
from ..utils.text import is_in_characters, is_in_words, text_unit
from .decoding import legal_transitions
from .lstm import LSTMTagger, LSTMTaggerConfig
from .word_tokenizer import word_tokenizer


def lstm_tagger(
    sentences: Iterable[Sequence[str]],
    labels: Sequence[str],
    vectors: dict[str, np.ndarray] | None = None,
    **config: float | bool | str | None,
) -> tuple[LSTMTagger, PreTrainedTokenizerFast]:
    """Create an untrained `LSTMTagger` and its tokenizer for the words of a train split.

    Args:
        sentences (`Iterable[Sequence[str]]`): The words of the train split.
        labels (`Sequence[str]`): The tags, in the order of their ids.
        vectors (`dict[str, np.ndarray]`, *optional*): Pretrained vectors (see `load_vectors`). If given, their
            tokens join the vocabulary and the unknown token gets the mean vector. Otherwise, it gets zeros.
        config (`float`, `bool` or `str`): Fields of `LSTMTaggerConfig`.

    Returns:
        `tuple[LSTMTagger, PreTrainedTokenizerFast]`: The model, initialized with torch's global generator, and the
        tokenizer.

    Raises:
        CfgenError: The vectors share no token with the train split.

    Example:

    >>> model, tokenizer = lstm_tagger([["Ada", "sings"]], ["O", "B-PER"], hidden_size=8, embedding_size=4)
    >>> tokenizer(["Ada", "hums"], is_split_into_words=True)["input_ids"]
    [2, 1]
    """
    occurrences = [token for words in sentences for token in words]
    tokens = dict.fromkeys(occurrences)
    if vectors is not None:
        if not any(token in vectors for token in tokens):
            raise CfgenError(
                "no train token has a pretrained vector: use vectors for this language and this tokenization "
                "(words or characters)"
            )
        for is_in_unit in (is_in_characters, is_in_words):
            if is_in_unit(tokens):
                # text is split into this unit, so that other vectors would never be used, and their files are large
                vectors = {token: vector for token, vector in vectors.items() if is_in_unit([token])}
                break
        config["embedding_size"] = len(next(iter(vectors.values())))
    tokenizer = word_tokenizer([*tokens, *(vectors or ())])
    vocabulary = tokenizer.get_vocab()
    model = LSTMTagger(
        LSTMTaggerConfig(
            vocab_size=len(vocabulary),
            pad_token_id=tokenizer.pad_token_id,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            text_unit=text_unit(occurrences),
            **config,
        )
    )
    if model.crf is not None:
        model.crf.legal.copy_(torch.from_numpy(legal_transitions(labels, model.config.tagging_scheme)))
    weight = model.word_embeddings.weight
    with torch.no_grad():
        if vectors is None:
            # training never updates the unknown token; zero is the mean of the other vectors
            weight[tokenizer.unk_token_id] = 0.0
        else:
            known = [token for token in vectors if token in vocabulary]
            matrix = np.stack([vectors[token] for token in known])
            # other tokens get the mean vector, so that frozen rows are not outliers
            weight[tokenizer.pad_token_id + 1 :] = torch.tensor(matrix.mean(axis=0))
            weight[[vocabulary[token] for token in known]] = torch.tensor(matrix)
    return model, tokenizer


def pretrained_tagger(
    checkpoint: str | Path, labels: Sequence[str], num_layers: int | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a pretrained encoder and add an untrained token-classification head.

    Args:
        checkpoint (`str` or `Path`): A folder or a Hub name.
        labels (`Sequence[str]`): The tags, in the order of their ids.
        num_layers (`int`, *optional*): Number of first layers to keep. Defaults to all; the paper keeps 6 of 12.

    Returns:
        `tuple[PreTrainedModel, PreTrainedTokenizerBase]`: The model and its tokenizer.

    Raises:
        CfgenError: The checkpoint can't be loaded, or has fewer than `num_layers` layers.
    """
    source = str(checkpoint)
    config = pretrained_config(source)
    try:
        if num_layers is not None:
            if not 1 <= num_layers <= config.num_hidden_layers:
                layers = config.num_hidden_layers
                raise CfgenError(f"--num_layers is {num_layers}: {source} has {layers} layers, give 1 to {layers}")
            config.num_hidden_layers = num_layers
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
        # a checkpoint with other labels gets a new head
        model = AutoModelForTokenClassification.from_pretrained(source, config=config, ignore_mismatched_sizes=True)
        return model, AutoTokenizer.from_pretrained(source)
    except CfgenError:
        raise
    except (OSError, ValueError) as error:
        raise _no_model(source, error) from error


def pretrained_config(source: str) -> PreTrainedConfig:
    """Load the configuration of a folder or a Hub name; a `CfgenError` says if there is none."""
    try:
        return AutoConfig.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise _no_model(source, error) from error


def _no_model(source: str, error: Exception) -> CfgenError:
    return CfgenError(f"no model at {source!r}: {str(error).strip().splitlines()[0]}")
