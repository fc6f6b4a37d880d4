"""Discriminate examples: a tagger trained on observational examples judges counterfactual ones."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import EllipsisType
from typing import Any, TypeAlias, TypedDict

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    Pipeline,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TokenClassificationPipeline,
)
from transformers.pipelines import PIPELINE_REGISTRY

from ..errors import CfgenError
from ..tagging.spans import split_tag
from .decoding import decode_tags, tagging_scheme
from .encoding import Windows, WordEncoder, max_length
from .inference import predict_words

TASK = "word-classification"


class WordPrediction(TypedDict):
    """Store the prediction of one word. If the model did not see it, `entity` is `None` and `score` is 0.0."""

    index: int
    word: str
    entity: str | None
    score: float


@dataclass
class Batch:
    """Store the sentences of a call while they pass through the steps of the pipeline.

    Args:
        sentences (`Sequence[Sequence[str]]`): The words of each sentence.
        windows (`Windows`): The encoded words, from `preprocess`.
        probabilities (`list[np.ndarray]`): For each sentence, a float32 array of shape (words, labels), from
            `_forward`. Words that the model did not see have NaN.
    """

    sentences: Sequence[Sequence[str]]
    windows: Windows
    probabilities: list[np.ndarray] = field(default_factory=list)


class DiscriminatorPipeline(Pipeline):
    """Tag words: a pipeline that takes words and returns one prediction per word.

    Create it with `pipeline("word-classification", model=...)` after `import hf_cfgen.modeling`, or with
    `as_discriminator`. Words are predicted at their first sub-word. A word without sub-words becomes the unknown
    token. A long sentence is split into overlapping windows. Each of the steps `preprocess`, `_forward` and
    `postprocess` takes all sentences of a call, so that windows of similar length share a forward pass.

    Args:
        stride (`int` or `None`, *optional*, defaults to -1): Sub-words that the windows of a long sentence share; -1
            means a quarter of a window, `None` keeps only the first window, as other pipelines do.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.
        options (`Any`): Options of `Pipeline`: `model`, `tokenizer`, `device`, and so on.

    Raises:
        CfgenError: `num_workers` is given.
    """

    _load_processor = _load_image_processor = _load_feature_extractor = False
    _load_tokenizer = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._num_workers is not None:
            raise CfgenError("num_workers has no effect, because words are encoded in this process: leave it out")

    @property
    def stride(self) -> int | None:
        """Return the stride; see the class."""
        return self._preprocess_params.get("stride", -1)

    def _sanitize_parameters(
        self, stride: int | EllipsisType | None = ...
    ) -> tuple[dict[str, int | None], dict[str, int], dict[str, object]]:
        return {} if stride is ... else {"stride": stride}, {}, {}

    def preprocess(self, input_: Sequence[Sequence[str]], stride: int | None = -1) -> Batch:
        """Encode sentences as windows."""
        encoder = WordEncoder(self.tokenizer, max_length(self.model, self.tokenizer))
        return Batch(input_, encoder.encode(input_, stride))

    def _forward(self, input_tensors: Batch, batch_size: int = 32) -> Batch:
        values = predict_words(self.model, input_tensors.windows, batch_size)
        return replace(input_tensors, probabilities=values)

    def postprocess(self, model_outputs: Batch) -> list[list[WordPrediction]]:
        """Convert label probabilities to one prediction per word."""
        answers = []
        config = self.model.config
        decoded = decode_tags(model_outputs.probabilities, config.id2label, tagging_scheme(config))
        for words, values, tags in zip(model_outputs.sentences, model_outputs.probabilities, decoded):
            scores = [float(row[config.label2id[tag]]) for row, tag in zip(values, tags)]
            answers.append(
                [
                    WordPrediction(index=i, word=word, entity=None, score=0.0)
                    if math.isnan(score)
                    else WordPrediction(index=i, word=word, entity=tag, score=score)
                    for i, (word, tag, score) in enumerate(zip(words, tags, scores))
                ]
            )
        return answers

    def predict(
        self, sentences: Sequence[Sequence[str]], batch_size: int | None = None, **options: int | None
    ) -> list[np.ndarray]:
        """Predict the label probabilities of each word.

        Args:
            sentences (`Sequence[Sequence[str]]`): The words of each sentence.
            batch_size (`int`, *optional*): Windows per forward pass. Defaults to the pipeline's value.
            options (`int` or `None`): `stride`. Defaults to the pipeline's value.

        Returns:
            `list[np.ndarray]`: For each sentence, a float32 array of shape (words, labels). Words that the model did
            not see have NaN.
        """
        return self._batch(sentences, batch_size, **options).probabilities

    def __call__(
        self, inputs: Iterable[Any], batch_size: int | None = None, **options: int | None
    ) -> list[WordPrediction] | list[list[WordPrediction]]:
        """Tag the words of one or more sentences.

        Args:
            inputs (`Iterable`): The words of one sentence, or several sentences: a list, a generator, a `KeyDataset`,
                or a column of a dataset.
            batch_size (`int`, *optional*): Windows per forward pass. Defaults to the pipeline's value.
            options (`int` or `None`): `stride`. Defaults to the pipeline's value.

        Returns:
            `list[dict]` for one sentence, `list[list[dict]]` for several: a dict for each word, with `word`, `index`,
            `entity` (its tag, `None` if the model did not see it), and `score` (the tag's probability, or 0.0).
        """
        if isinstance(inputs, str):
            raise CfgenError(
                f"a discriminator takes words, not the text {inputs[:40]!r}: split it as the data is split"
            )
        items = list(inputs)
        one = [isinstance(item, str) for item in items]
        if any(one) and not all(one):
            raise CfgenError("a discriminator takes words: a list of strings, or lists of them, not both at once")
        sentences = [items] if any(one) else [list(item) for item in items]
        answers = self.postprocess(self._batch(sentences, batch_size, **options))
        return answers[0] if any(one) else answers

    def _batch(self, sentences: Sequence[Sequence[str]], batch_size: int | None, **options: int | None) -> Batch:
        parameters = self._preprocess_params | self._sanitize_parameters(**options)[0]
        return self.forward(self.preprocess(sentences, **parameters), batch_size=batch_size or self._batch_size or 32)


PIPELINE_REGISTRY.register_pipeline(TASK, DiscriminatorPipeline, AutoModelForTokenClassification)
# a saved pipeline is a model and a tokenizer: this module can't be copied next to them, as it needs the package
del DiscriminatorPipeline._registered_impl

Tagger: TypeAlias = str | Path | PreTrainedModel | TokenClassificationPipeline | DiscriminatorPipeline


def as_tagger(
    model: Tagger, tokenizer: PreTrainedTokenizerBase | None = None, stride: int | None = -1
) -> DiscriminatorPipeline:
    """Create a pipeline that takes words from a token-classification model with any labels.

    Args:
        model (`str`, `Path`, `PreTrainedModel` or `Pipeline`): A folder or Hub name, a model, or a
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
            model = AutoModelForTokenClassification.from_pretrained(source)
        tokenizer = tokenizer or AutoTokenizer.from_pretrained(source)
    # for example, a damaged file, a head whose shape differs from the config, or an unknown architecture
    except (OSError, ValueError, RuntimeError, LookupError, ImportError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CfgenError(f"no model and tokenizer at {source!r}: {reason}") from error
    return DiscriminatorPipeline(model=model, tokenizer=tokenizer, device=device, stride=stride)


def as_discriminator(
    model: Tagger, tokenizer: PreTrainedTokenizerBase | None = None, stride: int | None = -1
) -> DiscriminatorPipeline:
    """Create a discriminator from a fine-tuned token-classification model whose labels are tags.

    Args:
        model (`str`, `Path`, `PreTrainedModel` or `Pipeline`): See `as_tagger`.
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
