"""Discriminate examples: a tagger trained on observational examples judges counterfactual ones."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoModelForTokenClassification, PreTrainedModel, TokenClassificationPipeline

from ..errors import CfgenError
from ..tagging.spans import split_tag
from .decoding import best_tags
from .encoding import load_tokenizer
from .inference import predict_words


class DiscriminatorPipeline(TokenClassificationPipeline):
    """Tag words: a token-classification pipeline that takes words and returns one prediction per word.

    Create it with `pipeline("token-classification", model=..., pipeline_class=DiscriminatorPipeline)` or with
    `as_discriminator`. Words are predicted at their first sub-word. A word without sub-words becomes the unknown
    token. A long sentence is split into overlapping windows.

    Args:
        stride (`int` or `None`, *optional*, defaults to -1): Sub-words that the windows of a long sentence share; -1
            means a quarter of a window, `None` keeps only the first window, as other pipelines do.
        kwargs (`Any`): Options of `TokenClassificationPipeline`.
    """

    def __init__(self, *args: Any, stride: int | None = -1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stride = stride

    def predict(self, sentences: Sequence[Sequence[str]], batch_size: int | None = None) -> list[np.ndarray]:
        """Predict the label probabilities of each word.

        Args:
            sentences (`Sequence[Sequence[str]]`): The words of each sentence.
            batch_size (`int`, *optional*): Windows per forward pass. Defaults to the pipeline's value, or 32.

        Returns:
            `list[np.ndarray]`: For each sentence, a float32 array of shape (words, labels). Words that the model did
            not see have NaN.
        """
        size = batch_size or self._batch_size or 32
        return predict_words(self.model, self.tokenizer, sentences, stride=self.stride, batch_size=size)

    def __call__(self, inputs: Iterable[Any], batch_size: int | None = None) -> list[Any]:
        """Tag the words of one or more sentences.

        Args:
            inputs (`Iterable`): The words of one sentence, or several sentences: a list, a generator, a `KeyDataset`,
                or a column of a dataset.
            batch_size (`int`, *optional*): Windows per forward pass.

        Returns:
            `list[dict]` for one sentence, `list[list[dict]]` for several: a dict for each word, with `word`, `index`,
            `entity` (its tag, `None` if the model did not see it), and `score` (the tag's probability, or 0.0).
        """
        if isinstance(inputs, str):
            raise CfgenError(
                f"a discriminator takes words, not the text {inputs[:40]!r}: split it as the data is split"
            )
        sentences = [item if isinstance(item, str) else list(item) for item in inputs]
        if sentences and all(isinstance(item, str) for item in sentences):
            return self([sentences], batch_size)[0]
        if any(isinstance(item, str) for item in sentences):
            raise CfgenError("a discriminator takes words: a list of strings, or lists of them, not both at once")
        answers = []
        for words, values in zip(sentences, self.predict(sentences, batch_size)):
            tags = best_tags(values, self.model.config.id2label)
            answers.append(
                [
                    {"index": i, "word": word, "entity": tag, "score": float(row.max())}
                    if not np.isnan(row).any()
                    else {"index": i, "word": word, "entity": None, "score": 0.0}
                    for i, (word, tag, row) in enumerate(zip(words, tags, values))
                ]
            )
        return answers


def as_tagger(model: Any, tokenizer: Any = None, stride: int | None = -1) -> DiscriminatorPipeline:
    """Create a pipeline that takes words from a token-classification model with any labels.

    Args:
        model (`str`, `Path`, `PreTrainedModel` or `TokenClassificationPipeline`): A folder or Hub name, a model, or a
            pipeline (a `DiscriminatorPipeline` is returned unchanged).
        tokenizer (`PreTrainedTokenizerBase`, *optional*): The tokenizer. Defaults to the tokenizer in the
            model's folder or repository.
        stride (`int` or `None`, *optional*, defaults to -1): See `DiscriminatorPipeline`.

    Returns:
        `DiscriminatorPipeline`: The pipeline.

    Raises:
        CfgenError: The model or its tokenizer can't be loaded.
    """
    if isinstance(model, DiscriminatorPipeline):
        return model
    if isinstance(model, TokenClassificationPipeline):
        model, tokenizer = model.model, tokenizer or model.tokenizer
    if isinstance(model, PreTrainedModel):
        source, device = model.name_or_path, model.device  # keep the device
    elif isinstance(model, (str, Path)):
        source, device = str(model), None
    else:
        raise CfgenError(f"a {type(model).__name__} is no tagger: give a folder, a Hub name, a model or a pipeline")
    if tokenizer is None and not source:
        raise CfgenError(
            f"the {type(model).__name__} came from no folder to load its tokenizer from: give a tokenizer"
        )
    try:
        if not isinstance(model, PreTrainedModel):
            from .. import modeling as models  # noqa: F401, registers LSTMTagger

            model = AutoModelForTokenClassification.from_pretrained(source)
        tokenizer = tokenizer or load_tokenizer(source)
    # for example, a damaged file, a head whose shape differs from the config, or an unknown architecture
    except (OSError, ValueError, RuntimeError, LookupError, ImportError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CfgenError(f"no model and tokenizer at {source!r}: {reason}") from error
    return DiscriminatorPipeline(model=model, tokenizer=tokenizer, device=device, stride=stride)


def as_discriminator(model: Any, tokenizer: Any = None, stride: int | None = -1) -> DiscriminatorPipeline:
    """Create a discriminator from a fine-tuned token-classification model whose labels are tags.

    Args:
        model (`str`, `Path`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_tagger`.
        tokenizer (`PreTrainedTokenizerBase`, *optional*): See `as_tagger`.
        stride (`int` or `None`, *optional*, defaults to -1): See `DiscriminatorPipeline`.

    Returns:
        `DiscriminatorPipeline`: The discriminator.

    Raises:
        CfgenError: The model or its tokenizer can't be loaded, or its labels are not tags (for example, LABEL_0).
    """
    tagger = as_tagger(model, tokenizer, stride)
    try:
        for label in tagger.model.config.id2label.values():
            split_tag(label)
    except CfgenError as error:
        source = tagger.model.name_or_path or type(tagger.model).__name__
        raise CfgenError(f"labels of {source} are no tags: {error}; set config.id2label to the tags meant") from None
    return tagger


def weights_digest(discriminator: DiscriminatorPipeline) -> str:
    """Compute a digest of a discriminator: its weights, configuration, and tokenizer.

    Args:
        discriminator (`DiscriminatorPipeline`): The discriminator.

    Returns:
        `str`: 32 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(discriminator.model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    config = discriminator.model.config.to_dict()
    for name in ("_name_or_path", "architectures", "auto_map", "dtype", "transformers_version"):  # set by saving
        config.pop(name, None)
    digest.update(json.dumps(config, sort_keys=True, default=str).encode())
    digest.update(f"{discriminator.tokenizer.model_max_length}".encode())
    digest.update(discriminator.tokenizer.backend_tokenizer.to_str().encode())
    return digest.hexdigest()
