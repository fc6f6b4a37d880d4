"""Context dropout: which words are [EMPTY], when, and what that does to loss and gradient."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from transformers import DataCollatorForTokenClassification, Trainer, TrainerCallback, set_seed

from hf_cfgen.training.trainer import (
    EncodedSplit,
    EvenEvaluations,
    TaggerCollator,
    TaggerTrainer,
    dropped_positions,
)

from ..taggers import encode_words, tiny_bert, tiny_lstm, wordpiece_tokenizer
from .test_training import TRAIN, WORDS, arguments, step_of_sgd

ALWAYS = 1 - 1e-9  # above every number that torch.rand draws
ROWS = Dataset.from_dict(
    {
        "tokens": [["ax", "b", "ax", "bxx"], ["bx", "ax"], ["a"]],
        "ner_tags": [["B-PER", "O", "I-LOC", "O"], ["O", "O"], ["B-LOC"]],
    }
)
# special tokens and mentions are 0; a word is a, b, and an x a sub-word more
CONTEXT = [[0, 0, 0, 1, 0, 0, 2, 2, 2, 0], [0, 1, 1, 2, 2, 0], [0, 0, 0]]


def bert(**shape: Any) -> tuple[Any, Any]:
    tokenizer = wordpiece_tokenizer(["a", "b", "##x"], shape.pop("model_max_length", 10**30))
    return tiny_bert(len(tokenizer), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **shape), tokenizer


def tagger(kind: str) -> tuple[Any, Any]:
    return bert() if kind == "bert" else tiny_lstm(ROWS["tokens"], dropout=0.0, crf=kind == "crf")


def without_context(model: Any, tokenizer: Any, rows: Dataset) -> list[dict[str, list[int]]]:
    items = EncodedSplit(rows, model, tokenizer)
    return [{name: values for name, values in item.items() if name != "context"} for item in items]


def test_words_outside_mentions_are_numbered_with_all_their_sub_words():
    model, tokenizer = bert()
    assert [item["context"] for item in EncodedSplit(ROWS, model, tokenizer)] == CONTEXT


def test_every_window_of_a_long_sentence_numbers_its_own_words():
    model, tokenizer = bert(model_max_length=6)
    words = ["a", "a", "bx", " ", "b"]
    windows = encode_words(tokenizer, [words], 6, -1)
    assert [window.word_ids for window in windows] == [[None, 0, 1, 2, 2, None], [None, 2, 3, 4, None]]

    def context(*tags: str) -> list[list[int]]:
        rows = Dataset.from_dict({"tokens": [words], "ner_tags": [tags]})
        return [item["context"] for item in EncodedSplit(rows, model, tokenizer)]

    assert context("O", "B-PER", "O", "O", "O") == [[0, 1, 0, 2, 2, 0], [0, 1, 2, 3, 0]]
    assert context("O", "O", "B-PER", "O", "O") == [[0, 1, 2, 0, 0, 0], [0, 0, 1, 2, 0]]


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_batch_is_padded_with_what_is_left_alone(side):
    model, tokenizer = bert()
    tokenizer.padding_side = side
    plain = DataCollatorForTokenClassification(tokenizer)(without_context(model, tokenizer, ROWS))
    batch = TaggerCollator(tokenizer)(list(EncodedSplit(ROWS, model, tokenizer)))
    zeros = [[0] * (10 - len(row)) for row in CONTEXT]
    expected = [row + pad if side == "right" else pad + row for row, pad in zip(CONTEXT, zeros)]
    assert batch.pop("context").tolist() == expected
    assert {name: values.tolist() for name, values in batch.items()} == {n: v.tolist() for n, v in plain.items()}


def padded() -> torch.Tensor:
    return torch.tensor([row + [0] * (10 - len(row)) for row in CONTEXT])


def test_all_words_outside_mentions_and_nothing_else_are_dropped_at_a_probability_next_to_1():
    assert torch.equal(dropped_positions(padded(), ALWAYS, torch.Generator()), padded() > 0)
    assert not dropped_positions(padded(), 0.0, torch.Generator()).any()


def test_each_word_is_dropped_by_a_number_of_its_own():
    mask = dropped_positions(padded(), 0.5, torch.Generator().manual_seed(4))
    numbers = torch.rand((3, 10), generator=torch.Generator().manual_seed(4)).tolist()
    expected = [[number > 0 and numbers[r][number - 1] < 0.5 for number in row] for r, row in enumerate(CONTEXT)]
    assert mask.tolist() == [row + [False] * (10 - len(row)) for row in expected]
    assert mask.any() and not torch.equal(mask, padded() > 0)


def test_words_are_dropped_as_often_as_asked_independently_and_with_all_their_sub_words():
    generator, times, p = torch.Generator().manual_seed(0), 4000, 0.3
    masks = torch.stack([dropped_positions(padded(), p, generator) for _ in range(times)])
    for row, positions in ((0, [6, 7, 8]), (1, [1, 2]), (1, [3, 4])):
        assert (masks[:, row, positions] == masks[:, row, positions[:1]]).all()
    assert not masks[:, padded() == 0].any()
    words = torch.stack([masks[:, 0, 3], masks[:, 0, 6], masks[:, 1, 1], masks[:, 1, 3]], dim=1).float()
    # 4 standard errors of a share of 4 000 draws
    assert words.mean(dim=0).tolist() == pytest.approx([p] * 4, abs=4 * (p * (1 - p) / times) ** 0.5)
    both = torch.einsum("ni,nj->ij", words, words) / times
    pairs = [both[i, j].item() for i in range(4) for j in range(i)]
    assert pairs == pytest.approx([p * p] * 6, abs=4 * (p * p * (1 - p * p) / times) ** 0.5)


class Spy:
    """What a model is given, and the embeddings that its next part gets: of every forward pass, in order."""

    def __init__(self, model: Any) -> None:
        self.inputs: list[dict[str, torch.Tensor]] = []
        self.embeddings: list[torch.Tensor] = []
        self.training: list[bool] = []
        size = model.config.hidden_size if model.base_model_prefix == "bert" else model.config.embedding_size
        part = model.bert.encoder if model.base_model_prefix == "bert" else model.dropout

        def before(module: Any, args: tuple, kwargs: dict[str, Any]) -> None:
            self.inputs.append(kwargs)
            self.training.append(module.training)

        def within(module: Any, args: tuple) -> None:
            if args[0].shape[-1] == size:
                self.embeddings.append(args[0].detach().clone())

        model.register_forward_pre_hook(before, with_kwargs=True)
        part.register_forward_pre_hook(within)

    def empty(self, step: int) -> torch.Tensor:
        return (self.embeddings[step] == 0).all(dim=-1)


def context_of(spy: Spy, step: int, model: Any, tokenizer: Any) -> torch.Tensor:
    """The numbers of the context's words, found by the ids that the model was given."""
    by_ids = {tuple(item["input_ids"]): item["context"] for item in EncodedSplit(ROWS, model, tokenizer)}
    rows = []
    for ids, attended in zip(spy.inputs[step]["input_ids"].tolist(), spy.inputs[step]["attention_mask"].tolist()):
        row = by_ids[tuple(ids[: sum(attended)])]
        rows.append(row + [0] * (len(ids) - len(row)))
    return torch.tensor(rows)


@pytest.mark.parametrize("kind", ["crf", "lstm", "bert"])
@pytest.mark.parametrize("p", [0.5, ALWAYS])
def test_the_embeddings_of_these_words_are_zero_in_training_and_nowhere_else(tmp_path, kind, p):
    model, tokenizer = tagger(kind)
    spy = Spy(model)
    args = arguments(tmp_path, max_steps=20, per_device_train_batch_size=2, learning_rate=1e-3, context_dropout=p)
    trainer = TaggerTrainer(model, args, ROWS, ROWS, tokenizer)
    trainer.train()
    steps = [step for step, training in enumerate(spy.training) if training]
    assert len(steps) == 20 and len(spy.training) == len(spy.embeddings) > 20
    dropped = kept = 0
    for step in range(len(spy.training)):
        seen = spy.inputs[step]["attention_mask"].bool()  # padding is zero to begin with in an LSTM
        empty, context = spy.empty(step) & seen, context_of(spy, step, model, tokenizer)
        assert "context" not in spy.inputs[step]
        if step not in steps:
            assert not empty.any()
        elif p == ALWAYS:
            assert torch.equal(empty, context > 0)
        else:
            assert not empty[context == 0].any()
            for row in range(len(context)):
                for word in range(1, int(context[row].max()) + 1):
                    drawn = set(empty[row][context[row] == word].tolist())
                    assert len(drawn) == 1
                    dropped, kept = dropped + (drawn == {True}), kept + (drawn == {False})
    assert p == ALWAYS or (dropped > 5 and kept > 5)
    assert args.remove_unused_columns, "the caller's options stay as they are"
    # nor does a model in evaluation mode lose words that have numbers
    trainer.evaluate(trainer.train_dataset)
    assert not (spy.empty(-1) & spy.inputs[-1]["attention_mask"].bool()).any()


def gradient_by_hand(kind: str, model: Any, tokenizer: Any, empty: torch.Tensor, order: list[int]) -> dict[str, Any]:
    """The gradient of the mean loss per word, each sentence on its own, with zeros in its embeddings."""
    examples = EncodedSplit(ROWS, model, tokenizer)
    model.zero_grad()
    total, words = torch.zeros(()), 0
    for row, number in enumerate(order):
        ids, labels = (torch.tensor([examples[number][name]]) for name in ("input_ids", "labels"))
        keep = (~empty[row, : ids.shape[1]]).float()[None, :, None]
        if kind == "crf":
            embeddings = model.word_embeddings(ids) * keep
            total = total + model(inputs_embeds=embeddings, labels=labels, num_items_in_batch=1).loss
            words += int((labels != -100).sum())
            continue
        if kind == "lstm":
            logits = model(inputs_embeds=model.word_embeddings(ids) * keep).logits
        else:
            logits = model.classifier(model.bert.encoder(model.bert.embeddings(ids) * keep)[0])
        total = total + cross_entropy(logits[0], labels[0], ignore_index=-100, reduction="sum")
        words += int((labels != -100).sum())
    (total / words).backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", ["crf", "lstm", "bert"])
def test_the_gradient_of_a_step_is_that_of_embeddings_with_zeros(tmp_path, kind):
    model, tokenizer = tagger(kind)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    spy = Spy(model)
    options = {"optim": "sgd", "max_grad_norm": 0.0, "per_device_train_batch_size": 3, "context_dropout": 0.5}
    trainer = TaggerTrainer(model, arguments(tmp_path, **options), ROWS, ROWS, tokenizer)
    trainer.train()
    assert spy.training[0]
    empty = spy.empty(0) & spy.inputs[0]["attention_mask"].bool()
    assert empty.any() and not torch.equal(empty, context_of(spy, 0, model, tokenizer) > 0)
    all_ids = [item["input_ids"] for item in EncodedSplit(ROWS, model, tokenizer)]
    inputs = (spy.inputs[0][name].tolist() for name in ("input_ids", "attention_mask"))
    order = [all_ids.index(ids[: sum(attended)]) for ids, attended in zip(*inputs)]
    untrained, _ = tagger(kind)
    stepped = {name: p.detach() for name, p in trainer.model.named_parameters()}
    gradient = gradient_by_hand(kind, untrained.train(), tokenizer, empty, order)
    assert max(value.abs().max().item() for value in gradient.values()) > 1e-2
    for name, value in gradient.items():
        assert torch.allclose(before[name] - stepped[name], value, atol=1e-6), name


class Weights(TrainerCallback):
    """Keeps the weights after each step."""

    def __init__(self) -> None:
        self.steps: list[torch.Tensor] = []

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any, **kwargs: Any) -> None:
        self.steps.append(torch.cat([p.detach().flatten() for p in model.parameters()]))


def steps_of(trainer: Trainer) -> torch.Tensor:
    kept = Weights()
    trainer.add_callback(kept)
    trainer.train()
    assert len(kept.steps) == 5
    return torch.stack(kept.steps)


def fresh(output: Path, **options: Any) -> tuple[Any, Any, Any]:
    """A tagger with dropout and options of a few steps, always from the same start."""
    set_seed(1)
    args = arguments(output, max_steps=5, learning_rate=1e-2, per_device_train_batch_size=3, **options)
    return *tiny_lstm([WORDS], dropout=0.5, crf=False), args


def trained(output: Path, **options: Any) -> torch.Tensor:
    model, tokenizer, args = fresh(output, **options)
    return steps_of(TaggerTrainer(model, args, TRAIN, TRAIN, tokenizer))


def test_without_it_training_is_that_of_a_plain_trainer_bit_by_bit(tmp_path):
    ours, state = trained(tmp_path / "ours"), torch.get_rng_state()
    model, tokenizer, args = fresh(tmp_path / "plain")
    examples = without_context(model, tokenizer, TRAIN)
    plain = Trainer(
        model=model,
        args=args,
        train_dataset=examples,
        eval_dataset=examples,
        processing_class=tokenizer,
        data_collator=DataCollatorForTokenClassification(tokenizer),
        compute_metrics=lambda prediction: {"strict_f1": 0.0},
        callbacks=[EvenEvaluations()],
    )
    assert torch.equal(ours, steps_of(plain))
    assert torch.equal(torch.get_rng_state(), state)


def test_the_draws_come_from_the_seed_and_disturb_no_others(tmp_path):
    plain = trained(tmp_path / "plain")
    first, again = (trained(tmp_path / name, context_dropout=0.5) for name in ("first", "again"))
    assert torch.equal(first, again) and not torch.equal(first, plain)
    # where no word is drawn, order of the data and dropout are those without
    assert torch.equal(trained(tmp_path / "never", context_dropout=1e-12), plain)
    model, tokenizer, _ = fresh(tmp_path / "seeds")
    args = [arguments(tmp_path / "seeds", context_dropout=0.5, seed=seed) for seed in (1, 1, 2)]
    seeds = [TaggerTrainer(model, given, TRAIN, TRAIN, tokenizer).generator.initial_seed() for given in args]
    assert seeds[0] == seeds[1] != seeds[2]


def test_gradient_accumulation_does_not_change_the_gradient(tmp_path):
    options = {"context_dropout": ALWAYS}
    whole = step_of_sgd(tmp_path / "whole", per_device_train_batch_size=8, **options)
    parts = step_of_sgd(tmp_path / "parts", per_device_train_batch_size=2, gradient_accumulation_steps=4, **options)
    plain = step_of_sgd(tmp_path / "plain", per_device_train_batch_size=8)
    for name, values in whole.items():
        assert parts[name] == pytest.approx(values, abs=1e-5)
    assert max(abs(a - b) for name in whole for a, b in zip(whole[name], plain[name])) > 1e-2


def test_two_processes_have_the_gradient_of_one_and_draw_for_themselves(tmp_path):
    script = tmp_path / "step.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "import torch.distributed as dist\n"
        "from hf_cfgen.training import trainer\n"
        "from tests.training.test_context_dropout import ALWAYS, step_of_sgd\n"
        "out, masks = pathlib.Path(sys.argv[1]), []\n"
        "weights = step_of_sgd(out / 'always', per_device_train_batch_size=4, context_dropout=ALWAYS)\n"
        "draw = trainer.dropped_positions\n"
        "def spy(context, p, generator):\n"
        "    masks.append(draw(context.new_ones(4, 40).cumsum(1), p, generator).tolist())\n"
        "    return draw(context, p, generator)\n"
        "trainer.dropped_positions = spy\n"
        "step_of_sgd(out / 'half', per_device_train_batch_size=4, context_dropout=0.5)\n"
        "assert dist.get_world_size() == 2\n"
        "(out / f'{dist.get_rank()}.json').write_text(json.dumps([weights, masks]))\n"
        "dist.destroy_process_group()\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    repository = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": repository, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([*launch, str(tmp_path)], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    (two, masks), (_, others) = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    one = step_of_sgd(tmp_path / "one", per_device_train_batch_size=8, context_dropout=ALWAYS)
    for name, values in one.items():
        assert two[name] == pytest.approx(values, abs=1e-5)
    assert len(masks) == len(others) == 1 and masks != others
