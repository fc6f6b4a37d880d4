"""Average the weights of a model over the optimizer steps of its training."""

from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class WeightAveraging(TrainerCallback):
    """Evaluate and save an exponential moving average of the weights in place of the weights themselves.

    After step t, average = d * average + (1 - d) * weights, with d = min(`decay`, (1 + t) / (10 + t)). The training
    itself is the same with and without averaging. Add the callback after those that decide when to evaluate. After
    training, the model has the average of the last evaluation, or of the best one with `load_best_model_at_end`.

    Args:
        decay (`float`): The largest decay per step, at least 0 and less than 1.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.average: dict[str, torch.Tensor] = {}
        self.weights: dict[str, torch.Tensor] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.average = {name: values.clone() for name, values in _trained(kwargs["model"]).items()}
        self.weights = {}

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        step = state.global_step
        decay = min(self.decay, (1 + step) / (10 + step))
        trained = _trained(kwargs["model"])
        for name, average in self.average.items():
            average.lerp_(trained[name], 1 - decay)
        if control.should_evaluate or control.should_save:
            self.weights = {name: values.clone() for name, values in trained.items()}
            _copy(self.average, trained)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.weights:
            _copy(self.weights, _trained(kwargs["model"]))
            self.weights = {}


def _trained(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: values.detach() for name, values in model.named_parameters() if values.requires_grad}


def _copy(source: dict[str, torch.Tensor], target: dict[str, torch.Tensor]) -> None:
    for name, values in source.items():
        target[name].copy_(values)
