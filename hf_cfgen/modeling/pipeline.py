"""The pipeline of a tagger, which tags texts and words, and judges counterfactual examples."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import EllipsisType
from typing import Any, TypeAlias

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
from ..utils.text import TEXT_UNITS
from .decoding import decode_tags, tagging_scheme
from .encoding import Windows, WordEncoder, max_length
from .inference import predict_probabilities
from .sentences import (
    MentionPrediction,
    Prediction,
    Sentence,
    WordPrediction,
    checked_inputs,
    mention_predictions,
    word_predictions,
)

TASK = "word-classification"


@dataclass
class Batch:
    """Store the sentences of a call while they pass through the steps of the pipeline.

    Args:
        sentences (`list[Sentence]`): The sentences.
        windows (`Windows`): The encoded words, from `preprocess`.
        probabilities (`list[np.ndarray]`): For each sentence, a float32 array of shape (words, labels), from
            `_forward`. Words that the model did not see have NaN.
    """

    sentences: list[Sentence]
    windows: Windows
    probabilities: list[np.ndarray] = field(default_factory=list)


class DiscriminatorPipeline(Pipeline):
    """Tag texts, or sentences in words: return a prediction for each word or for each mention.

    Create it with `pipeline("word-classification", model=...)` after `import hf_cfgen.modeling`, or with
    `as_discriminator`. A text is split as the words of the train split were, see `text_unit` of the model's
    configuration. Without it, a text whose letters are mostly Chinese, Japanese, or Thai is split into characters, and
    other texts into words and punctuation marks.

    The tags of a sentence are the most probable sequence that the tagging scheme allows. Words are predicted at their
    first sub-word. A word without sub-words becomes the unknown token. A long sentence is split into overlapping
    windows. Each of the steps `preprocess`, `_forward` and `postprocess` takes all sentences of a call, so that
    windows of similar length share a forward pass.

    Args:
        aggregation_strategy (`str`, *optional*, defaults to `"none"`): `"none"` returns each word, `"simple"` each
            mention. The other strategies of transformers do not exist, because a word has a single prediction.
        is_split_into_words (`bool`, *optional*, defaults to `False`): Whether a list of strings is a sentence in
            words, not a list of texts.
        stride (`int` or `None`, *optional*, defaults to -1): Sub-words that the windows of a long sentence share; -1
            means a quarter of a window, `None` keeps only the first window, as other pipelines do.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass.
        options (`Any`): Options of `Pipeline`: `model`, `tokenizer`, `device`, and so on.

    Raises:
        CfgenError: `num_workers` is given, the `text_unit` of the model is unknown, or see `__call__`.
    """

    _load_processor = _load_image_processor = _load_feature_extractor = False
    _load_tokenizer = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._num_workers is not None:
            raise CfgenError("num_workers has no effect, because words are encoded in this process: leave it out")
        self.text_unit: str | None = getattr(self.model.config, "text_unit", None)
        if self.text_unit not in (None, *TEXT_UNITS):
            units = ", ".join(TEXT_UNITS)
            raise CfgenError(f"unknown text_unit {self.text_unit!r} in the configuration: choose one of {units}")

    @property
    def stride(self) -> int | None:
        """Return the stride; see the class."""
        return self._preprocess_params.get("stride", -1)

    def _sanitize_parameters(
        self,
        aggregation_strategy: str | None = None,
        is_split_into_words: bool | None = None,
        stride: int | EllipsisType | None = ...,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        before: dict[str, Any] = {} if stride is ... else {"stride": stride}
        if is_split_into_words is not None:
            before["is_split_into_words"] = is_split_into_words
        if aggregation_strategy is None:
            return before, {}, {}
        if aggregation_strategy not in ("none", "simple"):
            raise CfgenError(
                f"unknown aggregation_strategy {aggregation_strategy!r}: choose 'none', for words, or 'simple', for "
                "mentions"
            )
        if aggregation_strategy == "simple":
            check_tags(self.model)
        return before, {}, {"aggregation_strategy": aggregation_strategy}

    def preprocess(self, input_: Sequence[str | Sequence[str]], stride: int | None = -1) -> Batch:
        """Encode texts, or sentences in words, as windows."""
        encoder = WordEncoder(self.tokenizer, max_length(self.model, self.tokenizer))
        sentences = [Sentence.create(item, self.text_unit) for item in input_]
        return Batch(sentences, encoder.encode([sentence.words for sentence in sentences], stride))

    def _forward(self, input_tensors: Batch, batch_size: int = 32) -> Batch:
        values = predict_probabilities(self.model, input_tensors.windows, batch_size)
        return replace(input_tensors, probabilities=values)

    def postprocess(
        self, model_outputs: Batch, aggregation_strategy: str = "none"
    ) -> list[list[WordPrediction]] | list[list[MentionPrediction]]:
        """Convert label probabilities to a prediction for each word or mention."""
        config = self.model.config
        decoded = decode_tags(model_outputs.probabilities, config.id2label, tagging_scheme(config))
        scores = [
            [float(row[config.label2id[tag]]) for row, tag in zip(values, tags)]
            for values, tags in zip(model_outputs.probabilities, decoded)
        ]
        if aggregation_strategy == "simple":
            return list(map(mention_predictions, model_outputs.sentences, decoded, scores))
        return list(map(word_predictions, model_outputs.sentences, decoded, scores))

    def predict_probabilities(
        self,
        sentences: Sequence[Sequence[str]],
        batch_size: int | None = None,
        stride: int | EllipsisType | None = ...,
    ) -> list[np.ndarray]:
        """Predict the label probabilities of each word.

        Args:
            sentences (`Sequence[Sequence[str]]`): The words of each sentence.
            batch_size (`int`, *optional*): Windows per forward pass. Defaults to the pipeline's value.
            stride (`int` or `None`, *optional*): See the class. Defaults to the pipeline's value.

        Returns:
            `list[np.ndarray]`: For each sentence, a float32 array of shape (words, labels). Words that the model did
            not see have NaN.
        """
        return self._batch(sentences, batch_size, self.stride if stride is ... else stride).probabilities

    def __call__(
        self,
        inputs: Any,
        aggregation_strategy: str | None = None,
        is_split_into_words: bool | None = None,
        batch_size: int | None = None,
        stride: int | EllipsisType | None = ...,
    ) -> Sequence[Prediction] | Sequence[Sequence[Prediction]]:
        """Tag one or more texts, or sentences in words.

        Args:
            inputs (`Any`): A text, or several texts or sentences in words: a list, a generator, a `KeyDataset`, or a
                column of a dataset. A sentence in words is a list of strings. With `is_split_into_words`, a list of
                strings is one such sentence.
            aggregation_strategy (`str`, *optional*): See the class. Defaults to the pipeline's value, as all options.
            is_split_into_words (`bool`, *optional*): See the class.
            batch_size (`int`, *optional*): Windows per forward pass.
            stride (`int` or `None`, *optional*): See the class.

        Returns:
            `list[dict]` for one text or sentence, `list[list[dict]]` for several.

            - `"none"`: a dict for each word, with `entity` (its tag, `None` if the model did not see it), `score` (the
              tag's probability, or 0.0), `index` (its position among the words), `word`, `start` and `end`. Words
              tagged O are included.
            - `"simple"`: a dict for each mention, with `entity_group` (its type), `score` (the smallest probability of
              a tag over its words), `word`, `start` and `end`.

            In both, `start` and `end` count the characters of a text, or the words of a sentence in words. `word` is
            that part of the text, or these words, joined by spaces unless they are characters.

        Raises:
            CfgenError: The inputs are neither texts nor sentences, the strategy is unknown, or it is `"simple"` and
                the labels of the model are not tags.

        Example:

        >>> from hf_cfgen.modeling.create import lstm_tagger
        >>> model, tokenizer = lstm_tagger([["Ada", "met", "Bo", "."]], ["O", "B-PER", "I-PER"])
        >>> tagger = as_discriminator(model, tokenizer)
        >>> [word["word"] for word in tagger("Ada met Bo.")]
        ['Ada', 'met', 'Bo', '.']
        >>> mentions = tagger([["Ada", "met", "Bo", "."]], aggregation_strategy="simple")
        """
        parameters, _, after = self._sanitize_parameters(aggregation_strategy, is_split_into_words, stride)
        parameters = self._preprocess_params | parameters
        items, one = checked_inputs(inputs, parameters.pop("is_split_into_words", False))
        batch = self._batch(items, batch_size, **parameters)
        answers = self.postprocess(batch, **(self._postprocess_params | after))
        return answers[0] if one else answers

    def _batch(self, items: Sequence[str | Sequence[str]], batch_size: int | None, stride: int | None = -1) -> Batch:
        return self.forward(self.preprocess(items, stride), batch_size=batch_size or self._batch_size or 32)


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
        raise CfgenError(f"the {type(model).__name__} has no saved tokenizer: pass `tokenizer`")
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
    check_tags(tagger.model)
    return tagger


def check_tags(model: PreTrainedModel) -> None:
    """Raise a `CfgenError` if the labels of a model are not tags."""
    try:
        for label in model.config.id2label.values():
            split_tag(label)
    except CfgenError as error:
        source = model.name_or_path or type(model).__name__
        raise CfgenError(f"labels of {source} are no tags: {error}; set config.id2label to the tags meant") from None


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
