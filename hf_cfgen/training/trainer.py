"""Train taggers with equal steps, selection by strict F1 on dev, and context dropout."""

import math
import random
from collections.abc import Mapping

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
from transformers.modeling_outputs import TokenClassifierOutput
from transformers.trainer_utils import SaveStrategy

from ..data.columns import check_columns, check_labels, tag_column
from ..modeling.decoding import decode_tags, tagging_scheme
from ..modeling.encoding import WordEncoder, max_length
from ..modeling.inference import empty_embeddings
from ..modeling.lstm import LSTMTagger
from ..tagging.scoring import LEVELS, ner_scores
from ..tagging.spans import spans_to_tags, tags_to_spans
from .averaging import WeightAveraging
from .config import EVALUATIONS, TaggerTrainingArguments, default_training, with_defaults
from .dev_scores import DevEvaluation, DevScores

SELECTION_MENTIONS = 100  # a dev split with fewer mentions does not select weights


class EncodedSplit(torch.utils.data.Dataset):
    """Encode a split as windows, with each word labeled at its first sub-word.

    Each item holds the inputs of one window, `labels`, and `context`: for each sub-word outside mentions, the number
    of its word in the window, starting at 1; 0 for sub-words of mentions and for special tokens. For a model with a
    CRF, `labels` follow the tagging scheme even if the tags of the data do not; the mentions are the same.

    Args:
        dataset (`Dataset`): One split with `tokens` and `ner_tags`.
        model (`PreTrainedModel`): The tagger, which defines the label ids.
        tokenizer (`PreTrainedTokenizerBase`): Its fast tokenizer.
        by_length (`bool`, *optional*, defaults to `False`): Sort the windows by length, for less padding.

    Raises:
        CfgenError: Columns are missing, or the data has a tag that the model does not have.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        by_length: bool = False,
    ) -> None:
        check_columns(dataset)
        dataset = dataset.with_format(None)
        self.tags, self.id2label = tag_column(dataset), model.config.id2label
        self.scheme = tagging_scheme(model.config)
        rows = self.tags
        if isinstance(model, LSTMTagger) and model.crf is not None and self.scheme is not None:
            rows = [spans_to_tags(tags_to_spans(row), len(row), self.scheme) for row in rows]
        tags = [tag for row in rows for tag in row]
        label2id = model.config.label2id
        check_labels(label2id, set(tags))
        label = np.array([label2id[tag] for tag in tags], dtype=np.int64)
        outside = np.array([tag == "O" for tag in tags], dtype=bool)
        self.windows = WordEncoder(tokenizer, max_length(model, tokenizer)).encode(list(dataset["tokens"]))
        sizes = self.windows.end - self.windows.begin
        self.order = np.argsort(sizes, kind="stable") if by_length else np.arange(len(sizes))
        self.items: list[dict[str, list[int]]] = []
        for window in self.order:
            inputs, within, sub_words = self.windows.pad(np.array([window]))
            words, _, positions = self.windows.predicted_words(np.array([window]))
            labels, context = np.full(within.shape[1], -100), np.zeros(within.shape[1], dtype=np.int64)
            labels[positions] = label[words]
            word = self.windows.word[sub_words]
            new = np.diff(word, prepend=-1) != 0
            context[within[0]] = np.where(outside[word], np.cumsum(new & outside[word]), 0)
            row = {name: values[0] for name, values in inputs.items()} | {"labels": labels, "context": context}
            self.items.append({name: values.tolist() for name, values in row.items()})

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        return self.items[index]

    def compute_metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """Compute the F1 of predictions for all items.

        Args:
            prediction (`EvalPrediction`): Label probabilities of shape (items, positions, labels), and label ids.

        Returns:
            `dict[str, float]`: `strict_f1`, `relaxed_f1` and `token_f1`.
        """
        values, gold = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        words, _, _ = self.windows.predicted_words(self.order)
        probabilities = np.full((self.windows.words[-1], len(self.id2label)), np.nan, dtype=np.float32)
        probabilities[words] = values[gold != -100]  # padding can be on either side
        rows = np.split(probabilities, self.windows.words[1:-1])
        scores = ner_scores(self.tags, decode_tags(rows, self.id2label, self.scheme))
        return {f"{level}_f1": scores[level].f1 for level in LEVELS}


def dropped_positions(context: torch.Tensor, p: float, generator: torch.Generator) -> torch.Tensor:
    """Sample the words of a batch to set to [EMPTY], each with all its sub-words.

    Args:
        context (`torch.Tensor` of shape (batch, positions), int): `context` of `EncodedSplit`, padded with 0.
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


class TaggerCollator(DataCollatorForTokenClassification):
    """Pad the items of an `EncodedSplit`."""

    def torch_call(self, features: list[dict[str, list[int]]]) -> Mapping[str, torch.Tensor]:
        batch = super().torch_call([{k: v for k, v in row.items() if k != "context"} for row in features])
        rows = [torch.tensor(row["context"]) for row in features]
        batch["context"] = pad_sequence(rows, batch_first=True, padding_side=self.tokenizer.padding_side)
        return batch


class EvenEvaluations(TrainerCallback):
    """Evaluate at 12 evenly spaced steps, including the last one."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> TrainerControl:
        times = min(EVALUATIONS, state.max_steps)
        steps = {math.ceil(i * state.max_steps / times) for i in range(1, times + 1)}
        control.should_evaluate = state.global_step in steps
        return control


def summed_loss(
    outputs: TokenClassifierOutput, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
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


def selects_weights(dev: Dataset) -> bool:
    """Check whether a dev split has enough mentions to select weights by their scores on it.

    Args:
        dev (`Dataset`): A split with `tokens` and `ner_tags`.

    Example:

    >>> selects_weights(Dataset.from_dict({"tokens": [["Bo"]], "ner_tags": [["B-PER"]]}))
    False
    """
    return sum(len(tags_to_spans(tags)) for tags in tag_column(dev)) >= SELECTION_MENTIONS


class TaggerTrainer(Trainer):
    """Train a tagger: select the best of 12 evaluations by word-level strict F1 on dev, with context dropout.

    After `train()`, the model has the weights with the best strict F1 on dev; ties go to the earliest. If dev has
    fewer than `SELECTION_MENTIONS` mentions, its scores are mostly noise, and the model has the weights of the last
    step. With `args.ema_decay`, the weights are moving averages; see `WeightAveraging`. With `args.context_dropout`,
    each training batch has random words outside mentions set to [EMPTY]. Sampling them depends on the seed and the
    process index, and does not use torch's global generator.

    Args:
        model (`PreTrainedModel`): An untrained tagger.
        args (`TaggerTrainingArguments`): The training options. `max_steps` and `learning_rate` default to those of
            `default_training`.
        train_dataset (`Dataset`): The train examples, observational or mixed, with `tokens` and `ner_tags`.
        eval_dataset (`Dataset`): The dev split.
        processing_class (`PreTrainedTokenizerBase`): The fast tokenizer of the model.
        callbacks (`list[TrainerCallback]`, *optional*): Further callbacks.

    Raises:
        CfgenError: Columns are missing, or the data has a tag that the model does not have.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        args: TaggerTrainingArguments,
        train_dataset: Dataset,
        eval_dataset: Dataset,
        processing_class: PreTrainedTokenizerBase,
        callbacks: list[TrainerCallback] | None = None,
    ) -> None:
        args = with_defaults(args, default_training(model.config))
        if not selects_weights(eval_dataset):
            args.load_best_model_at_end, args.save_strategy = False, SaveStrategy.NO
        scored = EncodedSplit(eval_dataset, model, processing_class, by_length=True)
        super().__init__(
            model=model,
            args=args,
            data_collator=TaggerCollator(processing_class),
            train_dataset=EncodedSplit(train_dataset, model, processing_class),
            eval_dataset=scored,
            processing_class=processing_class,
            compute_loss_func=None if isinstance(model, LSTMTagger) else summed_loss,
            compute_metrics=scored.compute_metrics,
            callbacks=[
                EvenEvaluations(),
                *([WeightAveraging(args.ema_decay)] if args.ema_decay else []),
                *(callbacks or ()),
            ],
            preprocess_logits_for_metrics=lambda logits, labels: logits.float().softmax(dim=-1),
        )
        self.remove_callback(PrinterCallback)  # it prints every log entry if progress bars are off
        key = f"{args.seed}/context-dropout/{args.process_index}"
        self.generator = torch.Generator().manual_seed(random.Random(key).getrandbits(63))

    def evaluate(
        self,
        eval_dataset: Dataset | EncodedSplit | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Score the tagger on dev or on another split.

        Args:
            eval_dataset (`Dataset`, *optional*): The split. Defaults to dev.
            ignore_keys, metric_key_prefix: See `Trainer.evaluate`.

        Returns:
            `dict[str, float]`: The loss, `strict_f1`, `relaxed_f1` and `token_f1`, with prefix, and times.
        """
        if isinstance(eval_dataset, Dataset):
            eval_dataset = EncodedSplit(eval_dataset, self.model, self.processing_class, by_length=True)
        self.compute_metrics = (eval_dataset or self.eval_dataset).compute_metrics
        return super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)

    def dev_scores(self) -> DevScores:
        """Return the evaluations on dev since training began, and which of them the model has the weights of."""
        logged = [entry for entry in self.state.log_history if "eval_strict_f1" in entry]
        dev = [DevEvaluation(entry["step"], entry["eval_strict_f1"]) for entry in logged]
        chosen = max(dev, key=lambda one: one.strict_f1) if self.args.load_best_model_at_end else dev[-1]
        return DevScores(dev=dev, dev_strict_f1=chosen.strict_f1, best_step=chosen.step)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, TokenClassifierOutput]:
        context = inputs.pop("context")
        if not self.args.context_dropout or not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        mask = dropped_positions(context, self.args.context_dropout, self.generator)
        # `model` may be wrapped for distributed training, but self.model never is
        with empty_embeddings(self.model, mask):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        self._signature_columns.append("context")
