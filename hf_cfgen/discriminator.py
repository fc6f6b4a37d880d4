"""Example discrimination: a tagger trained on the observational examples judges the counterfactual ones."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from safetensors import SafetensorError
from transformers import AutoModelForTokenClassification, PreTrainedModel, TokenClassificationPipeline

from .alignment import load_tokenizer
from .arrays import offsets_of, ranges
from .columns import check_labels, tag_strings
from .errors import CfgenError
from .prediction import batches, best_tags, predict_labels, predict_words, windows_for
from .spans import split_tag
from .verdicts import Replaced, smallest, verdicts
from .windows import WordEncoder

_VERSION = 2  # raise with every change of the verdicts: the datasets cache does not see edits of this module


class DiscriminatorPipeline(TokenClassificationPipeline):
    """A token-classification pipeline that is fed with words and answers for every word.

    Make it as any pipeline, `pipeline("token-classification", model=..., pipeline_class=DiscriminatorPipeline)`, or
    with `as_discriminator`. Words are predicted at their first sub-word; a word without sub-words is fed as the
    unknown token; a long sentence is read in overlapping windows.

    Args:
        stride (`int` or `None`, *optional*, defaults to -1): Sub-words that the windows of a long sentence share; -1
            is a quarter of a window, `None` reads the first window only, as other pipelines do.
        kwargs (`Any`): What `TokenClassificationPipeline` takes.
    """

    def __init__(self, *args: Any, stride: int | None = -1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stride = stride

    def predict(self, sentences: Sequence[Sequence[str]], batch_size: int | None = None) -> list[np.ndarray]:
        """Probabilities of the labels for every word.

        Args:
            sentences (`Sequence[Sequence[str]]`): The words of each sentence.
            batch_size (`int`, *optional*): Windows a forward pass; the pipeline's own, or 32, where it is not given.

        Returns:
            `list[np.ndarray]`: For each sentence an array (words, labels), float32; NaN for words the model did not
            see.
        """
        size = batch_size or self._batch_size or 32
        return predict_words(self.model, self.tokenizer, sentences, stride=self.stride, batch_size=size)

    def __call__(self, inputs: Iterable[Any], batch_size: int | None = None) -> list[Any]:
        """Label words.

        Args:
            inputs (`Iterable`): The words of one sentence, or sentences of words: a list, a generator, a `KeyDataset`
                or a column of a data set.
            batch_size (`int`, *optional*): Windows a forward pass.

        Returns:
            `list[dict]` for one sentence, `list[list[dict]]` for several: a dict for every word, with `word`, `index`,
            `entity` (its tag, `None` if the model did not see it) and `score` (the tag's probability, or 0.0).
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
    """Make a pipeline that is fed with words of whatever holds a token-classification model, whatever its labels.

    Args:
        model (`str`, `Path`, `PreTrainedModel` or `TokenClassificationPipeline`): A folder or Hub name, a model, or a
            pipeline (a `DiscriminatorPipeline` is returned as it is).
        tokenizer (`PreTrainedTokenizerBase`, *optional*): The tokenizer; loaded from where the model came from where
            it is not given.
        stride (`int` or `None`, *optional*, defaults to -1): See `DiscriminatorPipeline`.

    Returns:
        `DiscriminatorPipeline`: The pipeline.

    Raises:
        CfgenError: There is no such model or no tokenizer.
    """
    if isinstance(model, DiscriminatorPipeline):
        return model
    if isinstance(model, TokenClassificationPipeline):
        model, tokenizer = model.model, tokenizer or model.tokenizer
    if isinstance(model, PreTrainedModel):
        source, device = model.name_or_path, model.device  # it stays where it is
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
            from . import models  # noqa: F401, registers LSTMTagger

            model = AutoModelForTokenClassification.from_pretrained(source)
        tokenizer = tokenizer or load_tokenizer(source)
    # a damaged file, a head of another shape than the config's, an architecture that is not installed
    except (OSError, ValueError, RuntimeError, LookupError, ImportError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CfgenError(f"no model and tokenizer at {source!r}: {reason}") from error
    return DiscriminatorPipeline(model=model, tokenizer=tokenizer, device=device, stride=stride)


def as_discriminator(model: Any, tokenizer: Any = None, stride: int | None = -1) -> DiscriminatorPipeline:
    """Make a discriminator of whatever holds a fine-tuned token-classification model whose labels are tags.

    Args:
        model (`str`, `Path`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_tagger`.
        tokenizer (`PreTrainedTokenizerBase`, *optional*): See `as_tagger`.
        stride (`int` or `None`, *optional*, defaults to -1): See `DiscriminatorPipeline`.

    Returns:
        `DiscriminatorPipeline`: The discriminator.

    Raises:
        CfgenError: There is no such model or no tokenizer, or its labels (LABEL_0, say) are not tags.
    """
    tagger = as_tagger(model, tokenizer, stride)
    try:
        for label in tagger.model.config.id2label.values():
            split_tag(label)
    except CfgenError as error:
        source = tagger.model.name_or_path or type(tagger.model).__name__
        raise CfgenError(f"labels of {source} are no tags: {error}; set config.id2label to the tags meant") from None
    return tagger


class Discriminate:
    """The transform that fills in `score` and `reason` of candidate counterfactual examples.

    Call it through `dataset.map(discriminate, batched=True)`; with `dataset.with_format("arrow")` no Python object is
    made for a word. `score` is the smallest probability of the gold tag over the replaced words (`None` where the
    model did not see them); `reason` is the verdict, `None` for reasonable examples. It holds a model, so it takes
    batches and processes of Accelerate, never `num_proc`; for the datasets cache it is its options and a digest of the
    weights.

    Args:
        discriminator (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `as_discriminator`.
        names (`Sequence[str]`, *optional*): The names of an integer `ner_tags` column.
        batch_size (`int`, *optional*): Windows a forward pass; as many as have 4096 sub-words where it is not given.
        share (`bool`, *optional*, defaults to `False`): Processes of Accelerate, which must all call it with the same
            rows, judge a part of each batch, and get all of it.
    """

    def __init__(
        self,
        discriminator: Any,
        names: Sequence[str] | None = None,
        batch_size: int | None = None,
        share: bool = False,
    ) -> None:
        self.discriminator = as_discriminator(discriminator)
        self.names = None if names is None else tuple(names)
        self.batch_size = batch_size
        self.share = share
        self.encoder = WordEncoder(self.discriminator.tokenizer)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        # pickled for the fingerprint alone
        state = (_VERSION, self.names, self.discriminator.stride, weights_digest(self.discriminator))
        return _SentAway, state

    def __call__(self, batch: Any) -> Any:
        """Judge a batch of candidates.

        Args:
            batch (`dict[str, list]` or `pa.Table`): Columns of counterfactual rows.

        Returns:
            `dict[str, list]` or `pa.Table`: `score` and `reason`; of a table, the table with them.

        Raises:
            CfgenError: The data has a tag that the model lacks.
        """
        if not isinstance(batch, pa.Table):
            columns = {name: pa.array(batch[name], _TYPES.get(name)) for name in ("tokens", "ner_tags", "replaced")}
            judged = self(pa.table(columns))
            return {name: judged[name].to_pylist() for name in ("score", "reason")}
        words, offsets = _flat(batch["tokens"])
        tags, _ = _flat(batch["ner_tags"])
        mentions, per_row = _flat(batch["replaced"])
        row = np.repeat(np.arange(len(batch)), np.diff(per_row))
        start, end = (pc.struct_field(mentions, side).to_numpy() + offsets[row] for side in ("start", "end"))
        replaced = Replaced(row, start, end, pc.struct_field(mentions, "label").to_pylist())
        inside = ranges(start, end - start)
        asked = np.zeros(len(words), dtype=np.int64)
        asked[inside] = self._labels(tags.take(pa.array(inside)))

        best, probability = self._predict(words, offsets, asked)
        seen = ~np.isnan(probability)
        reasons = verdicts(replaced, best, [*self.discriminator.model.config.id2label.values()], seen, offsets)
        scores = smallest(probability[inside], np.repeat(row, end - start), len(batch))
        added = {
            "score": pa.array(scores, pa.float32(), mask=np.isnan(scores)),
            "reason": pa.array(reasons, pa.string()),
        }
        for name, values in added.items():
            place = batch.schema.get_field_index(name)
            batch = batch.append_column(name, values) if place < 0 else batch.set_column(place, name, values)
        return batch

    def _labels(self, tags: pa.Array) -> np.ndarray:
        """The model's labels for tags."""
        label2id = self.discriminator.model.config.label2id
        coded = tags.dictionary_encode()
        values = tag_strings(coded.dictionary.to_pylist(), self.names)
        check_labels(label2id, values)
        return np.array([label2id[tag] for tag in values], dtype=np.int64)[coded.indices.to_numpy()]

    def _predict(self, words: pa.Array, offsets: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `predict_labels`; NaN for words that lie outside every window."""
        model = self.discriminator.model
        coded = words.dictionary_encode()
        numbers = self.encoder.numbers(coded.dictionary.to_pylist())[coded.indices.to_numpy()]
        windows = windows_for(model, self.encoder, numbers, offsets, self.discriminator.stride)
        passes = batches(windows, self.batch_size)
        if not self.share:
            return predict_labels(model, windows, asked, passes)
        state = PartialState()
        mine = predict_labels(model, windows, asked, passes[state.process_index :: state.num_processes])
        best, probability = mine
        for other, values in gather_object([mine]):
            best, probability = np.where(other < 0, best, other), np.where(other < 0, probability, values)
        return best, probability


def weights_digest(discriminator: DiscriminatorPipeline) -> str:
    """A digest of all that a discriminator's predictions depend on: its weights, configuration and tokenizer.

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
    options = {name: value for name, value in config.items() if name not in ("_name_or_path", "transformers_version")}
    digest.update(json.dumps(options, sort_keys=True, default=str).encode())
    digest.update(f"{discriminator.tokenizer.model_max_length}".encode())
    digest.update(discriminator.tokenizer.backend_tokenizer.to_str().encode())
    return digest.hexdigest()


_MENTION = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
_TYPES = {"tokens": pa.list_(pa.string()), "replaced": pa.list_(_MENTION)}


def _flat(column: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """The values of a column of lists, one list after the other, and where each list begins."""
    lists = column.combine_chunks()
    return lists.flatten(), offsets_of(pc.list_value_length(lists).to_numpy())


class _SentAway:
    """What other processes get of a `Discriminate`: it answers its first call with an error."""

    def __init__(self, *state: Any) -> None:
        pass

    def __call__(self, batch: dict[str, list[Any]]) -> NoReturn:
        raise CfgenError("Discriminate holds a model and can't be sent to other processes: call map without num_proc")
