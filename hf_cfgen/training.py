"""Training of any tagger with the Trainer: equal steps, selection on dev, scores of words."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import (
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
from transformers.trainer_pt_utils import AcceleratorConfig

from .alignment import Window, default_stride, encode_words, max_length
from .columns import check_columns, check_labels, tag_column
from .context_dropout import ContextCollator, ContextDropoutTrainer, context_row
from .errors import CfgenError
from .scoring import LEVELS, ner_scores

EVALUATIONS = 12
# the best of 12 evaluations by strict F1 wins, in every comparison; and only hf_cfgen's own code pushes
_FIXED = {
    "eval_strategy": ("no",),
    "save_strategy": ("best",),
    "load_best_model_at_end": (True,),
    "metric_for_best_model": ("strict_f1",),
    "greater_is_better": (None, True),
    "prediction_loss_only": (False,),
    "batch_eval_metrics": (False,),
    "eval_do_concat_batches": (True,),
    "dataloader_drop_last": (False,),  # it would drop sentences of dev
    "resume_from_checkpoint": (None,),
    "push_to_hub": (False,),
}
# what TrainingArguments makes of its defaults
_DERIVED = {
    "accelerator_config": {
        name: value for name, value in AcceleratorConfig().to_dict().items() if name != "use_configured_state"
    },
    "activation_checkpointing": False,
    "debug": [],
    "gradient_checkpointing": False,
    "greater_is_better": True,
}


@dataclass
class TaggerTrainingArguments(TrainingArguments):
    """`TrainingArguments` with the defaults of taggers: a fixed number of steps, the best of 12 evaluations on dev.

    Args:
        max_steps (`int`, *optional*, defaults to 600): Optimizer steps, the same for every recipe that is compared.
        learning_rate (`float`, *optional*): 3e-3 for an LSTMTagger and 5e-5 for other models where it is not given.
        lr_scheduler_type (`str`, *optional*, defaults to `"constant"`): How the learning rate changes.
        per_device_train_batch_size (`int`, *optional*, defaults to 16): Sentences, or windows of long ones, a step.
        per_device_eval_batch_size (`int`, *optional*, defaults to 64): The same when predicting.
        dataloader_pin_memory (`bool`, *optional*, defaults to `False`): Worth its while for large models on a GPU.
        logging_strategy (`str`, *optional*, defaults to `"no"`): When the training loss is logged.
        save_strategy (`str`, *optional*, defaults to `"best"`): A checkpoint for each new best evaluation.
        save_only_model (`bool`, *optional*, defaults to `True`): Leave the optimizer's state out of checkpoints.
        save_total_limit (`int`, *optional*, defaults to 1): Checkpoints kept on disk.
        load_best_model_at_end (`bool`, *optional*, defaults to `True`): End with the best evaluation's weights.
        metric_for_best_model (`str`, *optional*, defaults to `"strict_f1"`): What best means.
        context_dropout (`float`, *optional*, defaults to 0.0): The probability with which each word outside a mention
            is [EMPTY], drawn anew for every batch; see `hf_cfgen.context_dropout`.

    Raises:
        CfgenError: An option contradicts the fixed number of steps or the choice of the best evaluation, or is out of
            its range.
    """

    max_steps: int = field(default=600, metadata={"help": "Optimizer steps, the same for every tagger."})
    learning_rate: float | None = field(
        default=None, metadata={"help": "Defaults to 3e-3 for an LSTMTagger and to 5e-5 for other models."}
    )
    lr_scheduler_type: str = field(default="constant", metadata={"help": "How the learning rate changes."})
    per_device_train_batch_size: int = field(default=16, metadata={"help": "Sentences a step."})
    per_device_eval_batch_size: int = field(default=64, metadata={"help": "Sentences a forward pass."})
    dataloader_pin_memory: bool = field(default=False, metadata={"help": "Pin memory; for large models on a GPU."})
    logging_strategy: str = field(default="no", metadata={"help": "When the training loss is logged."})
    save_strategy: str = field(default="best", metadata={"help": "A checkpoint for each new best evaluation."})
    save_only_model: bool = field(default=True, metadata={"help": "Leave the optimizer out of checkpoints."})
    save_total_limit: int | None = field(default=1, metadata={"help": "Checkpoints kept on disk."})
    load_best_model_at_end: bool = field(default=True, metadata={"help": "End with the best weights."})
    metric_for_best_model: str | None = field(default="strict_f1", metadata={"help": "What best means on dev."})
    context_dropout: float = field(
        default=0.0, metadata={"help": "Probability of a word outside mentions to be [EMPTY] in a batch."}
    )

    def __post_init__(self) -> None:
        for name, allowed in _FIXED.items():
            if getattr(self, name) not in allowed:
                raise CfgenError(f"--{name} is {getattr(self, name)!r}: training needs {allowed[0]!r}, leave it out")
        for name in ("max_steps", "per_device_train_batch_size", "gradient_accumulation_steps"):
            if getattr(self, name) < 1:
                raise CfgenError(f"--{name} is {getattr(self, name)}: give at least 1")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise CfgenError(f"--learning_rate is {self.learning_rate}: give a positive number")
        if not 0 <= self.context_dropout < 1:
            raise CfgenError(f"--context_dropout is {self.context_dropout}: give 0 or more, and less than 1")
        super().__post_init__()


def result_options(training: TaggerTrainingArguments) -> dict[str, Any]:
    """All options but those that change nothing in the results.

    Args:
        training (`TaggerTrainingArguments`): The options.

    Returns:
        `dict[str, Any]`: Their values by name.
    """
    ignored = ("output_dir", "run_name", "disable_tqdm", "report_to", "log", "project", "trackio", "hub", "push")
    return {name: value for name, value in training.to_dict().items() if not name.startswith(ignored)}


def changed_options(training: TaggerTrainingArguments) -> dict[str, Any]:
    """Those of `result_options` that are not as they are by default.

    Makes no other `TrainingArguments` to compare with, which would begin the state of several processes anew.

    Args:
        training (`TaggerTrainingArguments`): The options.

    Returns:
        `dict[str, Any]`: Their values by name.
    """
    defaults = {
        option.name: option.default if option.default_factory is MISSING else option.default_factory()
        for option in fields(training)
    }
    return {
        name: value
        for name, value in result_options(training).items()
        if value != defaults[name] and value != _DERIVED.get(name, defaults[name])
    }


def dev_scores(state: TrainerState) -> dict[str, Any]:
    """How a tagger was selected.

    Args:
        state (`TrainerState`): The state of the `Trainer` that trained it.

    Returns:
        `dict[str, Any]`: `dev_strict_f1`, `best_step`, and `dev`, each evaluation's `step` and `strict_f1`.
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
    """Evaluate 12 times, evenly spaced, the last time at the last step."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        times = min(EVALUATIONS, state.max_steps)
        steps = {math.ceil(i * state.max_steps / times) for i in range(1, times + 1)}
        control.should_evaluate = state.global_step in steps
        return control


def summed_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> Any:
    """Cross-entropy summed over the labelled words of a micro-batch and divided by those of the whole batch.

    So gradient accumulation and the number of processes do not change the gradient of a step.

    Args:
        outputs (`TokenClassifierOutput`): With `logits` (batch, positions, labels).
        labels (`torch.Tensor` of shape (batch, positions)): Label ids; -100 is not scored.
        num_items_in_batch (`torch.Tensor` or `int`, *optional*): Labelled words of the whole batch; those of `labels`
            where it is not given.

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
    """Windows of a split and the model's inputs for them, each word labelled once, at its first sub-word.

    Args:
        model (`PreTrainedModel`): The tagger; its labels are the ids.
        tokenizer (`PreTrainedTokenizerBase`): Its fast tokenizer.
        dataset (`Dataset`): One split with `tokens` and `ner_tags`.

    Returns:
        `tuple[list[Window], list[dict[str, list[int]]]]`: The windows, and for each its inputs with `labels`.

    Raises:
        CfgenError: The data has a tag that the model lacks.
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
    """A `Trainer` for a tagger: word-level scores on dev, the best of 12 evaluations, a loss that scales.

    Args:
        model (`PreTrainedModel`): A fresh tagger.
        tokenizer (`PreTrainedTokenizerBase`): Its fast tokenizer.
        train (`Dataset`): The train split, observational or mixed.
        validation (`Dataset`): The dev split.
        args (`TaggerTrainingArguments`): How to train.

    Returns:
        `Trainer`: Call its `train()`; its model then has the best strict F1 on dev, the earliest of equals.

    Raises:
        CfgenError: The data has a tag that the model lacks.
    """
    train_windows, train_examples = encode_examples(model, tokenizer, train)
    if args.context_dropout:
        tags = tag_column(train)
        for window, example in zip(train_windows, train_examples):
            example["context"] = context_row(window, tags[window.sentence])
        args = copy.copy(args)
        args.remove_unused_columns = False
    windows, examples = encode_examples(model, tokenizer, validation)
    order = sorted(range(len(windows)), key=lambda w: len(windows[w].word_ids))  # less padding, the same scores
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
    trainer.remove_callback(PrinterCallback)  # which prints every log entry where there are no progress bars
    return trainer


def _word_metrics(
    windows: Sequence[Window], references: list[list[str]], id2label: dict[int, str]
) -> Callable[[EvalPrediction], dict[str, float]]:
    def compute(prediction: EvalPrediction) -> dict[str, float]:
        best, gold = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        tags = [["O"] * len(row) for row in references]
        for window, labels, scored in zip(windows, best, gold != -100, strict=True):
            # padding may stand on either side
            for word, label in zip(window.firsts, labels[scored].tolist(), strict=True):
                tags[window.sentence][word] = id2label[label]
        scores = ner_scores(references, tags)
        return {f"{level}_f1": scores[level]["f1"] for level in LEVELS}

    return compute
