"""Predict label probabilities for each word, optionally with some words set to [EMPTY]."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..errors import CfgenError
from ..utils.ragged import expand_ranges
from .encoding import WindowArrays, WordEncoder, default_stride, embedding_block, max_length, pad

BATCH_TOKENS = {"cpu": 1024, "gpu": 16384}  # sub-words per forward pass; the CPU value fits its caches


@contextmanager
def empty_embeddings(model: PreTrainedModel, mask: torch.Tensor) -> Iterator[None]:
    """Set the embeddings of positions to zero ([EMPTY]) within a `with` block (Zeng et al. 2020, section 3.3).

    Args:
        model (`PreTrainedModel`): A token-classification model. Call it within the block.
        mask (`torch.Tensor` of shape (batch, positions), bool): The positions to set to [EMPTY].

    Raises:
        CfgenError: The model has no embedding block with the expected output shape.
    """
    done = False

    def zero(module: torch.nn.Module, args: tuple, output: torch.Tensor) -> torch.Tensor:
        nonlocal done
        done = isinstance(output, torch.Tensor) and output.shape[:-1] == mask.shape
        return output.masked_fill(mask.unsqueeze(-1), 0.0) if done else output

    handle = embedding_block(model).register_forward_hook(zero)
    try:
        yield
    finally:
        handle.remove()
    if not done:
        raise CfgenError(
            f"the embeddings of {type(model).__name__} can't be made [EMPTY]: it calls no embedding block that "
            "gives (batch, positions, dimensions); use a BERT-like model or an LSTMTagger"
        )


def predict_words(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    sentences: Sequence[Sequence[str]],
    *,
    stride: int | None = -1,
    batch_size: int | None = 32,
    empty: Sequence[Sequence[bool]] | None = None,
) -> list[np.ndarray]:
    """Predict the label probabilities of each word.

    Args:
        model (`PreTrainedModel`): A token-classification model. It is set to evaluation mode.
        tokenizer (`PreTrainedTokenizerBase`): Its fast tokenizer.
        sentences (`Sequence[Sequence[str]]`): The words of each sentence.
        stride (`int` or `None`, *optional*, defaults to -1): Sub-words that the windows of a long sentence share; -1
            means a quarter of a window, `None` keeps only the first window.
        batch_size (`int`, *optional*, defaults to 32): Windows per forward pass, sorted by length.
        empty (`Sequence[Sequence[bool]]`, *optional*): Words to set to [EMPTY], with all their sub-words.

    Returns:
        `list[np.ndarray]`: For each sentence, a float32 array of shape (words, labels). Words outside every window
        have NaN.

    Raises:
        CfgenError: See `WordEncoder` and `empty_embeddings`.
    """
    return predict_passes(model, tokenizer, sentences, [empty], stride=stride, batch_size=batch_size)[0]


def predict_passes(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    sentences: Sequence[Sequence[str]],
    passes: Sequence[Sequence[Sequence[bool]] | None],
    *,
    stride: int | None = -1,
    batch_size: int | None = 32,
) -> list[list[np.ndarray]]:
    """Predict the same sentences several times, each time with different words set to [EMPTY].

    Args:
        model, tokenizer, sentences, stride, batch_size: See `predict_words`.
        passes (`Sequence`): For each pass, the words to set to [EMPTY], or `None`.

    Returns:
        `list[list[np.ndarray]]`: For each pass, the result of `predict_words`.

    Raises:
        CfgenError: See `predict_words`.
    """
    encoder = WordEncoder(tokenizer)
    numbers, offsets = encoder.sentences(sentences)
    windows = windows_for(model, encoder, numbers, offsets, stride)
    batch_list = batches(windows, model.device, batch_size)
    predicted = []
    for empty in passes:
        mask = None if empty is None else np.array([value for row in empty for value in row], dtype=bool)
        probabilities = np.full((len(numbers), model.config.num_labels), np.nan, dtype=np.float32)
        for batch in batch_list:
            words, values = forward(model, windows, batch, mask)
            probabilities[words] = values.cpu().numpy()
        predicted.append(np.split(probabilities, offsets[1:-1]) if sentences else [])
    return predicted


def predict_labels(
    model: PreTrainedModel, windows: WindowArrays, asked: np.ndarray, batch_list: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the most probable label of each word, and the probability of a given label.

    Args:
        model (`PreTrainedModel`): A token-classification model. It is set to evaluation mode.
        windows (`WindowArrays`): The words.
        asked (`np.ndarray` of shape (words,)): The given label of each word.
        batch_list (`Sequence[np.ndarray]`): The windows of each forward pass.

    Returns:
        `tuple[np.ndarray, np.ndarray]`: The labels and the float32 probabilities; -1 and NaN for words in none of
        these windows.
    """
    best, probability = np.full(len(asked), -1), np.full(len(asked), np.nan, dtype=np.float32)
    found = []
    for batch in batch_list:
        words, values = forward(model, windows, batch)
        labels = torch.from_numpy(asked[words]).to(values.device)
        found.append((words, values.argmax(-1), values.gather(1, labels.unsqueeze(1)).squeeze(1)))
    for words, labels, chances in found:  # after the last pass, so that the GPU never waits for a copy
        best[words], probability[words] = labels.cpu().numpy(), chances.cpu().numpy()
    return best, probability


def windows_for(
    model: PreTrainedModel, encoder: WordEncoder, numbers: np.ndarray, offsets: np.ndarray, stride: int | None
) -> WindowArrays:
    """Split sentences into windows that fit a model.

    Args:
        model (`PreTrainedModel`): The model.
        encoder (`WordEncoder`): The encoder of the model's tokenizer.
        numbers (`np.ndarray` of shape (words,)): The words of all sentences.
        offsets (`np.ndarray` of shape (sentences + 1,)): Where each sentence starts.
        stride (`int` or `None`): See `predict_words`.

    Returns:
        `WindowArrays`: The windows.
    """
    length = max_length(model, encoder.tokenizer)
    return encoder.windows(numbers, offsets, length, default_stride(length) if stride == -1 else stride)


def batches(windows: WindowArrays, device: torch.device, batch_size: int | None = None) -> list[np.ndarray]:
    """Group windows into batches, longest first, to reduce padding.

    Args:
        windows (`WindowArrays`): The windows.
        device (`torch.device`): The model's device.
        batch_size (`int`, *optional*): Windows per forward pass. Defaults to the number that fits `BATCH_TOKENS`
            sub-words, including padding.

    Returns:
        `list[np.ndarray]`: The windows of each pass.
    """
    budget = BATCH_TOKENS["cpu" if device.type == "cpu" else "gpu"]
    sizes = windows.end - windows.begin
    order = np.argsort(-sizes, kind="stable")
    shorter = np.searchsorted(-sizes[order], -sizes[order], side="right")  # where the shorter windows start
    found, begin = [], 0
    while begin < len(order):
        rows = batch_size
        if rows is None:
            rows, alike = max(budget // int(sizes[order[begin]]), 1), int(shorter[begin]) - begin
            if rows // 2 < alike < rows:
                rows = alike  # a half-full batch without padding is faster than a full one with it
        found.append(order[begin : begin + rows])
        begin += rows
    return found


def forward(
    model: PreTrainedModel, windows: WindowArrays, batch: np.ndarray, empty: np.ndarray | None = None
) -> tuple[np.ndarray, torch.Tensor]:
    """Run one forward pass.

    Args:
        model (`PreTrainedModel`): A token-classification model. It is set to evaluation mode.
        windows (`WindowArrays`): The windows.
        batch (`np.ndarray` of shape (batch,)): The windows of the batch.
        empty (`np.ndarray` of shape (words,), *optional*): Whether to set each word to [EMPTY].

    Returns:
        `tuple[np.ndarray, torch.Tensor]`: The words predicted from these windows, and their float32 label
        probabilities of shape (words, labels), on the model's device.
    """
    model.eval()
    inputs, within, sub_words = pad(windows, batch)
    size = np.diff(windows.offsets)[batch]
    words = windows.predicted[expand_ranges(windows.offsets[batch], size)]
    rows = np.repeat(np.arange(len(batch)), size)

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(model.device)

    tensors = {name: tensor(values) for name, values in inputs.items()}
    with torch.inference_mode():
        if empty is None:
            logits = model(**tensors).logits
        else:
            within[within] = empty[windows.word[sub_words]]
            with empty_embeddings(model, tensor(within)):
                logits = model(**tensors).logits
        return words, logits[tensor(rows), tensor(windows.position[words])].float().softmax(-1)
