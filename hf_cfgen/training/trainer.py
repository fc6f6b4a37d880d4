"""Train taggers with equal steps, selection by strict F1 on dev, and context dropout."""

import copy
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    DataCollatorForTokenClassification,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from ..data.columns import check_columns, check_labels, tag_column
from ..modeling.encoding import Window, default_stride, encode_words, max_length
from ..modeling.inference import empty_embeddings
from ..tagging.scoring import LEVELS, ner_scores
from .config import EVALUATIONS, TaggerTrainingArguments


def context_row(window: Window, tags: Sequence[str]) -> list[int]:
    """Number the words of a window that are outside mentions.

    Args:
        window (`Window`): The window.
        tags (`Sequence[str]`): The gold tags of its sentence, one per word.

    Returns:
        `list[int]`: For each sub-word, the number of its word, starting at 1; 0 for sub-words of mentions and for
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
    """Sample the words of a batch to set to [EMPTY], each with all its sub-words.

    Args:
        context (`torch.Tensor` of shape (batch, positions), int): Results of `context_row`, padded with 0.
        p (`float`): The probability of sampling each word.
        generator (`torch.Generator`): A CPU generator, so that all devices give the same result.

    Returns:
        `torch.Tensor` of shape (batch, positions), bool: The positions of the sampled words.

    Example:

    >>> dropped_positions(torch.tensor([[0, 1, 1, 0, 2, 0]]), 1.0, torch.Generator()).int().tolist()
    [[0, 1, 1, 0, 1, 0]]
    """
    drawn = torch.rand(context.shape, generator=generator) < p
    never = torch.zeros(len(context), 1, dtype=torch.bool)
    return torch.cat([never, drawn], dim=1).to(context.device).gather(1, context)


class ContextCollator(DataCollatorForTokenClassification):
    """Pad inputs, labels, and, if present, the `context` rows from `context_row`."""

    def torch_call(self, features: list[dict[str, Any]]) -> Any:
        batch = super().torch_call([{k: v for k, v in row.items() if k != "context"} for row in features])
        if "context" in features[0]:
            rows = [torch.tensor(row["context"]) for row in features]
            batch["context"] = pad_sequence(rows, batch_first=True, padding_side=self.tokenizer.padding_side)
        return batch


class ContextDropoutTrainer(Trainer):
    """Train with context dropout: set random words outside mentions to [EMPTY] in each training batch.

    Applies only in training mode to batches with `context` (see `ContextCollator`). Sampling depends on the seed and
    the process index, and does not use torch's global generator.

    Args:
        context_dropout (`float`): The probability for each word outside mentions.
        options (`Any`): Options of `Trainer`. Its arguments need `remove_unused_columns=False` to keep `context`.
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
        # `model` may be wrapped for distributed training, but self.model never is
        with empty_embeddings(self.model, mask):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)


def dev_scores(state: TrainerState) -> dict[str, Any]:
    """Return the dev scores that selected a tagger.

    Args:
        state (`TrainerState`): The state of the `Trainer` that trained it.

    Returns:
        `dict[str, Any]`: `dev_strict_f1`, `best_step`, and `dev` (`step` and `strict_f1` of each evaluation).
    """
    return {
        "dev_strict_f1": state.best_metric,
        "best_step": state.best_global_step,
        "dev": [
            {"step": entry["step"], "strict_f1": entry["eval_strict_f1"]}
            for entry in state.log_history
            if "eval_strict_f1" in entry
        ],
    }


class EvenEvaluations(TrainerCallback):
    """Evaluate at 12 evenly spaced steps, including the last one."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        times = min(EVALUATIONS, state.max_steps)
        steps = {math.ceil(i * state.max_steps / times) for i in range(1, times + 1)}
        control.should_evaluate = state.global_step in steps
        return control


def summed_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> Any:
    """Compute the summed cross-entropy of a micro-batch, divided by the number of labeled words in the whole batch.

    As a result, gradient accumulation and the number of processes do not change the gradient.

    Args:
        outputs (`TokenClassifierOutput`): The output with `logits` (batch, positions, labels).
        labels (`torch.Tensor` of shape (batch, positions)): Label ids; -100 is ignored.
        num_items_in_batch (`torch.Tensor` or `int`, *optional*): Labeled words in the whole batch.
            Defaults to those in `labels`.

    Returns:
        `torch.Tensor`: The loss, a scalar.
    """
    logits = outputs["logits"]
    if num_items_in_batch is None:
        num_items_in_batch = (labels != -100).sum()
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=-100, reduction="sum"
    )
    return loss / max(int(num_items_in_batch), 1)


def encode_examples(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dataset: Dataset
) -> tuple[list[Window], list[dict[str, list[int]]]]:
    """Encode a split as windows and model inputs, with each word labeled at its first sub-word.

    Args:
        model (`PreTrainedModel`): The tagger, which defines the label ids.
        tokenizer (`PreTrainedTokenizerBase`): Its fast tokenizer.
        dataset (`Dataset`): One split with `tokens` and `ner_tags`.

    Returns:
        `tuple[list[Window], list[dict[str, list[int]]]]`: The windows, and the inputs of each with `labels`.

    Raises:
        CfgenError: The data has a tag that the model does not have.
    """
    check_columns(dataset)
    dataset = dataset.with_format(None)
    label2id = model.config.label2id
    tags = tag_column(dataset)
    check_labels(label2id, {tag for row in tags for tag in row})
    length = max_length(model, tokenizer)
    windows = encode_words(tokenizer, list(dataset["tokens"]), length, default_stride(length))
    examples = []
    for window in windows:
        labels = [-100] * len(window.word_ids)
        for word, position in window.firsts.items():
            labels[position] = label2id[tags[window.sentence][word]]
        examples.append({**window.inputs, "labels": labels})
    return windows, examples


def tagger_trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    validation: Dataset,
    args: TaggerTrainingArguments,
) -> Trainer:
    """Create a `Trainer` that keeps the best of 12 evaluations by word-level strict F1 on dev.

    Args:
        model (`PreTrainedModel`): An untrained tagger.
        tokenizer (`PreTrainedTokenizerBase`): Its fast tokenizer.
        train (`Dataset`): The train examples, observational or mixed.
        validation (`Dataset`): The dev split.
        args (`TaggerTrainingArguments`): The training options.

    Returns:
        `Trainer`: The trainer. After `train()`, its model has the best strict F1 on dev; ties go to the earliest.

    Raises:
        CfgenError: The data has a tag that the model does not have.
    """
    train_windows, train_examples = encode_examples(model, tokenizer, train)
    if args.context_dropout:
        tags = tag_column(train)
        for window, example in zip(train_windows, train_examples):
            example["context"] = context_row(window, tags[window.sentence])
        args = copy.copy(args)
        args.remove_unused_columns = False
    windows, examples = encode_examples(model, tokenizer, validation)
    order = sorted(range(len(windows)), key=lambda w: len(windows[w].word_ids))  # less padding, same scores
    metrics = _word_metrics([windows[w] for w in order], tag_column(validation), model.config.id2label)
    trainer = ContextDropoutTrainer(
        context_dropout=args.context_dropout,
        model=model,
        args=args,
        train_dataset=train_examples,
        eval_dataset=[examples[w] for w in order],
        processing_class=tokenizer,
        data_collator=ContextCollator(tokenizer),
        compute_loss_func=summed_loss,
        compute_metrics=metrics,
        preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(dim=-1),
        callbacks=[EvenEvaluations()],
    )
    trainer.remove_callback(PrinterCallback)  # it prints every log entry if progress bars are off
    return trainer


def _word_metrics(
    windows: Sequence[Window], references: list[list[str]], id2label: dict[int, str]
) -> Callable[[EvalPrediction], dict[str, float]]:
    def compute(prediction: EvalPrediction) -> dict[str, float]:
        best, gold = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        tags = [["O"] * len(row) for row in references]
        for window, labels, scored in zip(windows, best, gold != -100, strict=True):
            # padding can be on either side
            for word, label in zip(window.firsts, labels[scored].tolist(), strict=True):
                tags[window.sentence][word] = id2label[label]
        scores = ner_scores(references, tags)
        return {f"{level}_f1": scores[level].f1 for level in LEVELS}

    return compute
