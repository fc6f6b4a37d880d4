"""Predict label probabilities for each word, optionally with some words set to [EMPTY]."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import torch
from transformers import PreTrainedModel

from ..errors import CfgenError
from .encoding import Windows, embedding_block

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


def predict_probabilities(
    model: PreTrainedModel,
    windows: Windows,
    batch_size: int | None = 32,
    empty: Sequence[Sequence[bool]] | None = None,
) -> list[np.ndarray]:
    """Predict the label probabilities of each word.

    Args:
        model (`PreTrainedModel`): A token-classification model. It is set to evaluation mode.
        windows (`Windows`): The words.
        batch_size (`int` or `None`, *optional*, defaults to 32): Windows per forward pass; see `batches`.
        empty (`Sequence[Sequence[bool]]`, *optional*): Words to set to [EMPTY], with all their sub-words.

    Returns:
        `list[np.ndarray]`: For each sentence, a float32 array of shape (words, labels). Words outside every window
        have NaN.

    Raises:
        CfgenError: See `empty_embeddings`.
    """
    mask = None if empty is None else np.array([value for row in empty for value in row], dtype=bool)
    batch_list = batches(windows, model.device, batch_size)
    probabilities = predict_flat_probabilities(model, windows, batch_list, mask).cpu().numpy()
    return [probabilities[begin:end] for begin, end in pairwise(windows.words)]


def predict_flat_probabilities(
    model: PreTrainedModel,
    windows: Windows,
    batch_list: Sequence[np.ndarray],
    empty: np.ndarray | None = None,
) -> torch.Tensor:
    """Predict the label probabilities of the words of all sentences.

    Args:
        model (`PreTrainedModel`): A token-classification model. It is set to evaluation mode.
        windows (`Windows`): The words.
        batch_list (`Sequence[np.ndarray]`): The windows of each forward pass.
        empty (`np.ndarray` of shape (words,), *optional*): Whether to set each word to [EMPTY].

    Returns:
        `torch.Tensor` of shape (words, labels): Float32, on the model's device; NaN for words in none of these
        windows.
    """
    probabilities = torch.full((int(windows.words[-1]), model.config.num_labels), torch.nan, device=model.device)
    for batch in batch_list:
        words, values = forward_batch(model, windows, batch, empty)
        probabilities[torch.from_numpy(words).to(model.device)] = values
    return probabilities


def batches(windows: Windows, device: torch.device, batch_size: int | None = None) -> list[np.ndarray]:
    """Group windows into batches, longest first, to reduce padding.

    Args:
        windows (`Windows`): The windows.
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


def forward_batch(
    model: PreTrainedModel, windows: Windows, batch: np.ndarray, empty: np.ndarray | None = None
) -> tuple[np.ndarray, torch.Tensor]:
    """Run one forward pass.

    Args:
        model (`PreTrainedModel`): A token-classification model. It is set to evaluation mode.
        windows (`Windows`): The windows.
        batch (`np.ndarray` of shape (batch,)): The windows of the batch.
        empty (`np.ndarray` of shape (words,), *optional*): Whether to set each word to [EMPTY].

    Returns:
        `tuple[np.ndarray, torch.Tensor]`: The words predicted from these windows, and their float32 label
        probabilities of shape (words, labels), on the model's device.
    """
    model.eval()
    inputs, within, sub_words = windows.pad(batch)
    words, rows, positions = windows.predicted_words(batch)

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
        return words, logits[tensor(rows), tensor(positions)].float().softmax(-1)
