"""Words and sub-words: every word is predicted once, at its first sub-word, from the window where it sees most.

Shared by the discriminator, training and the causal effects.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from .windows import WordEncoder


class Window(NamedTuple):
    """A stretch of one sentence as the model sees it.

    Args:
        sentence (`int`): Position of the sentence among those encoded.
        inputs (`dict[str, list[int]]`): `input_ids`, `attention_mask` and whatever else the tokenizer makes.
        word_ids (`list[int | None]`): The word of each sub-word; `None` for special tokens.
        firsts (`dict[int, int]`): The words that are predicted from this window, each with the position of its first
            sub-word. Over the windows of a sentence every word the model sees occurs once, in order.
    """

    sentence: int
    inputs: dict[str, list[int]]
    word_ids: list[int | None]
    firsts: dict[int, int]


def load_tokenizer(source: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer such that it takes words.

    Byte-level tokenizers (RoBERTa, GPT-2) know a word by the blank before it, which words of a list lack unless the
    tokenizer adds it.

    Args:
        source (`str`): A folder or a Hub name.

    Returns:
        `PreTrainedTokenizerBase`: The tokenizer.
    """
    tokenizer = AutoTokenizer.from_pretrained(source)
    splitter = tokenizer.backend_tokenizer.pre_tokenizer if tokenizer.is_fast else None
    if isinstance(splitter, ByteLevel):
        splitter.add_prefix_space = True
    return tokenizer


def max_length(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The most sub-words, special tokens included, that model and tokenizer take at once.

    Args:
        model (`PreTrainedModel`): The model.
        tokenizer (`PreTrainedTokenizerBase`): Its tokenizer.

    Returns:
        `int` or `None`: `None` where there is no limit.
    """
    limits = [tokenizer.model_max_length]
    positions = getattr(model.config, "max_position_embeddings", None) or 0
    if positions > 0:
        # RoBERTa and its kin number positions from the padding index on and so lose the first ones
        table = getattr(embedding_block(model), "position_embeddings", None)
        padding_index = getattr(table, "padding_idx", None)
        limits.append(positions - (0 if padding_index is None else padding_index + 1))
    limit = min(limits)
    return limit if limit < 10**9 else None


def embedding_block(model: PreTrainedModel) -> Any:
    """The module whose output is the embedding of each position.

    Args:
        model (`PreTrainedModel`): A token-classification model.

    Returns:
        `torch.nn.Module`: The base model's `embeddings` block (words, positions, types and LayerNorm), or the word
        embeddings where there is no such block.
    """
    base = getattr(model, model.base_model_prefix, model)
    return getattr(base, "embeddings", None) or model.get_input_embeddings()


def default_stride(length: int | None) -> int:
    """Sub-words that neighbouring windows share: a quarter of the longest window.

    Example:

    >>> default_stride(512), default_stride(None)
    (128, 0)
    """
    return 0 if length is None else length // 4


def encode_words(
    tokenizer: PreTrainedTokenizerBase,
    sentences: Sequence[Sequence[str]],
    length: int | None,
    stride: int | None,
) -> list[Window]:
    """Encode sentences of words as windows of sub-words, one by one.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): A fast tokenizer.
        sentences (`Sequence[Sequence[str]]`): The words of each sentence.
        length (`int` or `None`): See `WordEncoder.windows`.
        stride (`int` or `None`): See `WordEncoder.windows`.

    Returns:
        `list[Window]`: The windows, sentence by sentence, from left to right. None for a sentence without words.

    Raises:
        CfgenError: See `WordEncoder`.
    """
    encoder = WordEncoder(tokenizer)
    words, offsets = encoder.sentences(sentences)
    arrays = encoder.windows(words, offsets, length, stride)
    windows = []
    for w, (sentence, begin, end) in enumerate(zip(arrays.sentence, arrays.begin, arrays.end)):
        frame = arrays.frames["input_ids"]
        word_ids = (arrays.word[begin:end] - offsets[sentence]).tolist()
        predicted = arrays.predicted[arrays.offsets[w] : arrays.offsets[w + 1]]
        inputs = {
            name: [
                *frame.before,
                *(arrays.ids[begin:end].tolist() if name == "input_ids" else [frame.inside] * int(end - begin)),
                *frame.behind,
            ]
            for name, frame in arrays.frames.items()
        }
        windows.append(
            Window(
                int(sentence),
                inputs,
                [None] * len(frame.before) + word_ids + [None] * len(frame.behind),
                dict(zip((predicted - offsets[sentence]).tolist(), arrays.position[predicted].tolist())),
            )
        )
    return windows
