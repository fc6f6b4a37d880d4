"""Encode sentences of words as windows of sub-words, so that each word is predicted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..errors import CfgenError
from ..utils.ragged import expand_ranges, offsets_from_lengths


class Frame(NamedTuple):
    """Values of one model input at special tokens, sub-words, and padding.

    Args:
        prefix (`list[int]`): Values at the special tokens before the sub-words.
        value (`int`): Value at every sub-word; for `input_ids`, the id of an arbitrary sub-word.
        suffix (`list[int]`): Values at the special tokens after the sub-words.
        padding (`int`): Value at padding positions.
    """

    prefix: list[int]
    value: int
    suffix: list[int]
    padding: int


@dataclass(frozen=True)
class Windows:
    """Store the windows of many sentences. Indices count over all sentences and skip special tokens.

    Args:
        frames (`dict[str, Frame]`): The model's inputs.
        ids (`np.ndarray` of shape (sub-words,)): The token id of each sub-word.
        word (`np.ndarray` of shape (sub-words,)): The word of each sub-word.
        words (`np.ndarray` of shape (sentences + 1,)): Where the words of each sentence start.
        sentence (`np.ndarray` of shape (windows,)): The sentence of each window, in order.
        begin (`np.ndarray` of shape (windows,)): The first sub-word of each window.
        end (`np.ndarray` of shape (windows,)): One past the last sub-word of each window.
        predicted (`np.ndarray`): The words predicted from each window, window by window.
        offsets (`np.ndarray` of shape (windows + 1,)): Where the words of each window start in `predicted`.
        position (`np.ndarray` of shape (words,)): The position of each word's first sub-word in the window that
            predicts it, including special tokens.
    """

    frames: dict[str, Frame]
    ids: np.ndarray
    word: np.ndarray
    words: np.ndarray
    sentence: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    predicted: np.ndarray
    offsets: np.ndarray
    position: np.ndarray

    def __len__(self) -> int:
        return len(self.sentence)

    def predicted_words(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the words that are predicted from some windows.

        Args:
            chosen (`np.ndarray` of shape (batch,)): The windows.

        Returns:
            `tuple[np.ndarray, np.ndarray, np.ndarray]`: The words; for each, the place of its window in `chosen` and
            the position of its first sub-word in that window.
        """
        size = np.diff(self.offsets)[chosen]
        words = self.predicted[expand_ranges(self.offsets[chosen], size)]
        return words, np.repeat(np.arange(len(chosen)), size), self.position[words]

    def pad(self, chosen: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Build a batch of model inputs, padded on the right to the longest window.

        Args:
            chosen (`np.ndarray` of shape (batch,)): The windows of the batch.

        Returns:
            `tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]`: The inputs by name, each of shape (batch,
            positions); a mask of the positions that hold sub-words; and these sub-words.
        """
        begin, size = self.begin[chosen], (self.end - self.begin)[chosen]
        prefix, suffix = (len(part) for part in (self.frames["input_ids"].prefix, self.frames["input_ids"].suffix))
        column = np.arange(prefix + int(size.max()) + suffix)
        within = (column >= prefix) & (column < prefix + size[:, None])
        sub_words = expand_ranges(begin, size)
        inputs = {}
        for name, frame in self.frames.items():
            values = np.full(within.shape, frame.padding, dtype=np.int64)
            values[within] = self.ids[sub_words] if name == "input_ids" else frame.value
            values[:, :prefix] = frame.prefix
            for place, value in enumerate(frame.suffix):
                values[np.arange(len(chosen)), prefix + size + place] = value
            inputs[name] = values
        return inputs, within, sub_words


class WordEncoder:
    """Encode words as sub-words. Each distinct word is tokenized only once.

    A word without sub-words (whitespace or an empty string) becomes the unknown token. A byte-level tokenizer
    (RoBERTa, GPT-2) is set to add the space that it expects before each word.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): A fast tokenizer.
        length (`int`, *optional*): Maximum sub-words per window, including special tokens; see `max_length`.
            Defaults to no limit.

    Raises:
        CfgenError: The tokenizer is not a fast tokenizer.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, length: int | None = None) -> None:
        if not tokenizer.is_fast:
            raise CfgenError(
                f"{type(tokenizer).__name__} is not a fast tokenizer, which the alignment of words needs: use "
                "AutoTokenizer with a fast tokenizer"
            )
        splitter = tokenizer.backend_tokenizer.pre_tokenizer
        if isinstance(splitter, ByteLevel):
            splitter.add_prefix_space = True
        self.tokenizer = tokenizer
        self.length = length
        self.frames: dict[str, Frame] = {}
        self._number: dict[str, int] = {}
        self._ids = np.zeros(0, dtype=np.int64)
        self._offsets = np.zeros(1, dtype=np.int64)

    def encode(self, sentences: Sequence[Sequence[str]], stride: int | None = -1) -> Windows:
        """Encode sentences.

        Args:
            sentences (`Sequence[Sequence[str]]`): The words of each sentence.
            stride (`int`, *optional*, defaults to -1): See `windows`.

        Returns:
            `Windows`: The windows. A sentence without words has none.

        Raises:
            CfgenError: See `numbers` and `windows`.
        """
        numbers = self.numbers([word for sentence in sentences for word in sentence])
        lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
        return self.windows(numbers, offsets_from_lengths(lengths), stride)

    def numbers(self, words: Sequence[str]) -> np.ndarray:
        """Return the number of each word, for use with `windows`.

        Args:
            words (`Sequence[str]`): The words.

        Returns:
            `np.ndarray` of shape (words,): Word numbers. Equal words always get the same number.

        Raises:
            CfgenError: A word has no sub-words and the tokenizer has no unknown token.
        """
        new = [word for word in dict.fromkeys(words) if word not in self._number]
        if new:
            self._add(new)
        return np.fromiter(map(self._number.__getitem__, words), np.int64, len(words))

    def _add(self, words: list[str]) -> None:
        # one call for all words: each word is tokenized independently
        encoding = self.tokenizer(words, is_split_into_words=True, add_special_tokens=False, verbose=False)
        sizes = np.bincount(np.array(encoding.word_ids(), dtype=np.int64), minlength=len(words))
        blanks = [word for word, size in zip(words, sizes) if not size]
        unknown = self.tokenizer.unk_token
        if blanks and unknown is None:
            raise CfgenError(
                f"the word {min(blanks)!r} yields no sub-word and the tokenizer has no unknown token for it"
            )
        self._number.update(zip(words, range(len(self._offsets) - 1, len(self._offsets) - 1 + len(words))))
        self._ids = np.concatenate([self._ids, np.array(encoding["input_ids"], dtype=np.int64)])
        self._offsets = np.concatenate([self._offsets, self._offsets[-1] + sizes.cumsum()])
        if blanks:
            self._number.update(dict.fromkeys(blanks, int(self.numbers([unknown])[0])))
        if not self.frames:
            self.frames = _frames(self.tokenizer, next(word for word in words if word not in blanks))

    def windows(self, words: np.ndarray, offsets: np.ndarray, stride: int | None = -1) -> Windows:
        """Split sentences into windows of sub-words.

        Each word is predicted from the window in which its first sub-word is farthest from a cut. Ties go to the
        first window.

        Args:
            words (`np.ndarray` of shape (words,)): The words of all sentences, from `numbers`.
            offsets (`np.ndarray` of shape (sentences + 1,)): Where each sentence starts, then the number of words.
            stride (`int`, *optional*, defaults to -1): Sub-words that neighboring windows share; -1 means a quarter of
                a window, `None` keeps only the first window of each sentence.

        Returns:
            `Windows`: The windows. A sentence without words has none.

        Raises:
            CfgenError: The stride is too large for the window length.
        """
        length, specials = self.length, self.tokenizer.num_special_tokens_to_add()
        if stride == -1:
            stride = 0 if length is None else length // 4
        if length is not None and (stride or 0) + specials >= length:
            raise CfgenError(
                f"stride {stride} does not fit windows of {length} sub-words with {specials} special tokens"
            )
        sizes = np.diff(self._offsets)[words]
        first = offsets_from_lengths(sizes)
        bounds = first[offsets]
        long = np.diff(bounds)
        room = int(long.max(initial=1)) if length is None else length - specials
        step = room - (stride or 0) if length is not None else room
        windows_of = np.minimum(long, 1)
        if stride is not None:
            windows_of += -(-np.maximum(long - room, 0) // step)
        sentence, first_window = np.repeat(np.arange(len(long)), windows_of), offsets_from_lengths(windows_of)
        begin = bounds[sentence] + (np.arange(len(sentence)) - first_window[sentence]) * step

        owner = np.repeat(np.arange(len(long)), np.diff(offsets))
        at = first[:-1] - bounds[owner]
        # the first and last window that contain the word's first sub-word
        low, high = np.maximum(-(-(at - room + 1) // step), 0), np.minimum(at // step, windows_of[owner] - 1)

        def context(window: np.ndarray) -> np.ndarray:
            # sentence ends count as cuts here; this does not change which window is best
            return np.minimum(at - window * step, window * step + room - 1 - at)

        best = low
        for further in range(1, int((high - low).max(initial=0)) + 1):
            other = np.minimum(low + further, high)
            best = np.where(context(other) > context(best), other, best)
        predicted = np.flatnonzero(low <= high)
        window = (first_window[owner] + best)[predicted]
        return Windows(
            frames=self.frames,
            ids=self._ids[expand_ranges(self._offsets[words], sizes)],
            word=np.repeat(np.arange(len(words)), sizes),
            words=offsets,
            sentence=sentence,
            begin=begin,
            end=np.minimum(begin + room, bounds[sentence + 1]),
            predicted=predicted,
            offsets=np.searchsorted(window, np.arange(len(sentence) + 1)),
            position=len(self.frames["input_ids"].prefix if self.frames else ()) + at - best * step,
        )


def _frames(tokenizer: PreTrainedTokenizerBase, word: str) -> dict[str, Frame]:
    encoding = tokenizer([word], is_split_into_words=True)
    inside = [position for position, owner in enumerate(encoding.word_ids()) if owner is not None]
    first, behind = inside[0], inside[-1] + 1
    padding = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}
    return {name: Frame(row[:first], row[first], row[behind:], padding.get(name, 0)) for name, row in encoding.items()}


def max_length(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Return the maximum input length in sub-words, including special tokens.

    Args:
        model (`PreTrainedModel`): The model.
        tokenizer (`PreTrainedTokenizerBase`): Its tokenizer.

    Returns:
        `int` or `None`: The length, or `None` if there is no limit.
    """
    limits = [tokenizer.model_max_length]
    positions = getattr(model.config, "max_position_embeddings", None) or 0
    if positions > 0:
        # RoBERTa-like models number positions from padding_idx + 1, so the first ones are unusable
        table = getattr(embedding_block(model), "position_embeddings", None)
        padding_index = getattr(table, "padding_idx", None)
        limits.append(positions - (0 if padding_index is None else padding_index + 1))
    limit = min(limits)
    return limit if limit < 10**9 else None


def embedding_block(model: PreTrainedModel) -> torch.nn.Module:
    """Return the module that computes the embedding of each position.

    Args:
        model (`PreTrainedModel`): A token-classification model.

    Returns:
        `torch.nn.Module`: The base model's `embeddings` block (words, positions, types, and LayerNorm), or the
        word embeddings if there is no such block.
    """
    base = getattr(model, model.base_model_prefix, model)
    return getattr(base, "embeddings", None) or model.get_input_embeddings()
