"""Context dropout: the words around mentions are [EMPTY] with some probability while a tagger is trained.

It is do(c0) of Zeng et al. (2020, section 3.3), word by word and while training, so that a tagger can lean on no
single word of the context.
"""

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import DataCollatorForTokenClassification, Trainer

from .alignment import Window
from .prediction import empty_embeddings


def context_row(window: Window, tags: Sequence[str]) -> list[int]:
    """Number the words of a window that lie outside the mentions.

    Args:
        window (`Window`): The window.
        tags (`Sequence[str]`): The gold tags of its sentence, one a word.

    Returns:
        `list[int]`: For each sub-word the number of its word among them, from 1; 0 for sub-words of a mention and for
        special tokens.

    Example:

    >>> context_row(Window(0, {}, [None, 4, 4, 5, 6, None], {}), ["O", "O", "O", "O", "O", "B-PER", "O"])
    [0, 1, 1, 0, 2, 0]
    """
    numbers: dict[int, int] = {}
    return [
        0 if word is None or tags[word] != "O" else numbers.setdefault(word, len(numbers) + 1)
        for word in window.word_ids
    ]


def dropped_positions(context: torch.Tensor, p: float, generator: torch.Generator) -> torch.Tensor:
    """Draw the words of a batch to make [EMPTY], each with all its sub-words.

    Args:
        context (`torch.Tensor` of shape (batch, positions), int): Rows of `context_row`, padded with 0.
        p (`float`): The probability of each word.
        generator (`torch.Generator`): Draws on the CPU, so that every device has the same.

    Returns:
        `torch.Tensor` of shape (batch, positions), bool: The positions of the drawn words.

    Example:

    >>> dropped_positions(torch.tensor([[0, 1, 1, 0, 2, 0]]), 1.0, torch.Generator()).int().tolist()
    [[0, 1, 1, 0, 1, 0]]
    """
    drawn = torch.rand(context.shape, generator=generator) < p
    never = torch.zeros(len(context), 1, dtype=torch.bool)
    return torch.cat([never, drawn], dim=1).to(context.device).gather(1, context)


class ContextCollator(DataCollatorForTokenClassification):
    """Pads the rows of `context_row`, where examples have them under `context`, with the inputs and labels."""

    def torch_call(self, features: list[dict[str, Any]]) -> Any:
        batch = super().torch_call([{k: v for k, v in row.items() if k != "context"} for row in features])
        if "context" in features[0]:
            rows = [torch.tensor(row["context"]) for row in features]
            batch["context"] = pad_sequence(rows, batch_first=True, padding_side=self.tokenizer.padding_side)
        return batch


class ContextDropoutTrainer(Trainer):
    """A `Trainer` that makes words around mentions [EMPTY], drawn anew for every batch it is trained on.

    Only batches with a `context`, see `ContextCollator`, are touched, and only in training mode. The draws come from
    the seed and the number of the process and leave torch's global generator as it is.

    Args:
        context_dropout (`float`): The probability of each word outside the mentions.
        options (`Any`): Those of `Trainer`; its arguments need `remove_unused_columns=False`, which would remove the
            context.
    """

    def __init__(self, context_dropout: float, **options: Any) -> None:
        super().__init__(**options)
        self.context_dropout = context_dropout
        key = f"{self.args.seed}/context-dropout/{self.args.process_index}"
        self.generator = torch.Generator().manual_seed(random.Random(key).getrandbits(63))

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        context = inputs.pop("context", None)
        if context is None or not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        mask = dropped_positions(context, self.context_dropout, self.generator)
        # `model` may be wrapped for several processes, self.model never is
        with empty_embeddings(self.model, mask):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
