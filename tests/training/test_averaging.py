"""The moving average of the weights."""

import pytest
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from hf_cfgen.training.averaging import WeightAveraging


class Line(torch.nn.Module):
    """Fit y = weight * x; `fixed` is not trained."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.fixed = torch.nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, x, labels, num_items_in_batch=None, **kwargs):
        error = ((self.weight * x - labels) ** 2).sum()
        return {"loss": error / (len(x) if num_items_in_batch is None else num_items_in_batch), "logits": x}


class Steps(TrainerCallback):
    """Evaluate at some steps, and remember the weights after each."""

    def __init__(self, evaluate_at):
        self.evaluate_at, self.weights = evaluate_at, []

    def on_step_end(self, args, state, control, model, **kwargs):
        self.weights.append(model.weight.item())
        control.should_evaluate = state.global_step in self.evaluate_at


class Evaluated(TrainerCallback):
    """Remember the weights that are evaluated."""

    def __init__(self):
        self.weights = []

    def on_evaluate(self, args, state, control, model, **kwargs):
        self.weights.append(model.weight.item())


def trained(folder, decay=None, batch_size=4, accumulation=1, evaluate_at=(2, 4)):
    torch.manual_seed(0)
    steps, evaluated = Steps(evaluate_at), Evaluated()
    callbacks = [steps, *([WeightAveraging(decay)] if decay is not None else []), evaluated]
    rows = [{"x": float(x), "labels": 3.0 * x} for x in range(1, 5)]
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=4,
        learning_rate=0.01,
        lr_scheduler_type="constant",
        optim="sgd",
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulation,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        label_names=["labels"],
    )
    trainer = Trainer(Line(), arguments, train_dataset=rows, eval_dataset=rows, callbacks=callbacks)
    trainer.train()
    return trainer.model, steps.weights, evaluated.weights


def averages(weights: list[float], decay: float) -> list[float]:
    average, found = 0.0, []
    for step, weight in enumerate(weights, 1):
        d = min(decay, (1 + step) / (10 + step))
        average = d * average + (1 - d) * weight
        found.append(average)
    return found


def test_the_average_is_evaluated_and_kept_and_training_is_the_same(tmp_path):
    model, weights, evaluated = trained(tmp_path, decay=0.25)
    _, plain, plain_evaluated = trained(tmp_path)
    assert weights == plain and plain_evaluated == [plain[1], plain[3]]
    expected = averages(plain, 0.25)
    assert evaluated == pytest.approx([expected[1], expected[3]], rel=1e-6)
    assert model.weight.item() == evaluated[-1] and model.fixed.item() == 1.0
    assert expected[0] == pytest.approx((1 - 2 / 11) * plain[0])  # the early decay is smaller


def test_micro_batches_do_not_count_as_steps(tmp_path):
    whole, _, _ = trained(tmp_path, decay=0.5)
    parts, _, _ = trained(tmp_path, decay=0.5, batch_size=1, accumulation=4)
    assert parts.weight.item() == pytest.approx(whole.weight.item(), rel=1e-6)
