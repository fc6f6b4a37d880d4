"""Training: the gradient's scale, the evaluations, the choice of the best, words and not sub-words."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, List
from transformers import EvalPrediction, Trainer, set_seed

from hf_cfgen import CfgenError, load_ner_dataset
from hf_cfgen.modeling import saved_config
from hf_cfgen.modeling.create import lstm_tagger
from hf_cfgen.modeling.decoding import decode_tags, legal_transitions
from hf_cfgen.tagging.scoring import ner_scores
from hf_cfgen.training.config import ModelOptions, TaggerTrainingArguments, changed_options
from hf_cfgen.training.taggers import create_tagger, train_discriminator
from hf_cfgen.training.trainer import SELECTION_MENTIONS, EncodedSplit, TaggerTrainer, selects_weights, summed_loss

from ..taggers import LABELS, predict_probabilities, tiny_bert, tiny_lstm, wordpiece_tokenizer

WORDS = ["Ada", "Bo", "Rome", "met", "in", "and"]
TAGS = {"Ada": "B-PER", "Bo": "B-PER", "Rome": "B-LOC"}


def sentences(lengths: list[int]) -> Dataset:
    tokens = [[WORDS[(7 * i + 3 * j) % len(WORDS)] for j in range(length)] for i, length in enumerate(lengths)]
    return Dataset.from_dict({"tokens": tokens, "ner_tags": [[TAGS.get(w, "O") for w in row] for row in tokens]})


TRAIN = sentences([1, 9, 2, 7, 3, 8, 5, 2])


def arguments(output: Path, **options) -> TaggerTrainingArguments:
    defaults = {"max_steps": 1, "learning_rate": 1.0, "use_cpu": True, "seed": 1, "disable_tqdm": True, "ema_decay": 0}
    defaults |= {"lr_scheduler_type": "constant", "warmup_steps": 0}
    return TaggerTrainingArguments(output_dir=str(output), **(defaults | options))


def step_of_sgd(output: Path, **options) -> dict[str, list[float]]:
    """The weights after one step of plain SGD without clipping: they show the gradient itself."""
    set_seed(1)
    model, tokenizer = tiny_lstm([WORDS], dropout=0.0)
    args = arguments(output, optim="sgd", max_grad_norm=0.0, lr_scheduler_type="constant", **options)
    trainer = TaggerTrainer(model, args, TRAIN, TRAIN, tokenizer)
    trainer.train()
    return {name: value.flatten().tolist() for name, value in trainer.model.state_dict().items()}


def test_gradient_accumulation_does_not_change_the_gradient(tmp_path):
    whole = step_of_sgd(tmp_path / "whole", per_device_train_batch_size=8)
    parts = step_of_sgd(tmp_path / "parts", per_device_train_batch_size=2, gradient_accumulation_steps=4)
    untrained = {name: value.flatten().tolist() for name, value in tiny_lstm([WORDS])[0].state_dict().items()}
    for name, values in whole.items():
        assert parts[name] == pytest.approx(values, abs=1e-5)
    assert max(abs(a - b) for name in whole for a, b in zip(whole[name], untrained[name])) > 1e-2


def test_batches_of_sentences_of_like_length_hold_less_padding(tmp_path):
    model, tokenizer = tiny_lstm([WORDS])
    train = sentences([1 + i % 16 for i in range(128)])

    def padding(strategy: str) -> tuple[int, int]:
        args = arguments(tmp_path, train_sampling_strategy=strategy, per_device_train_batch_size=8)
        loader = TaggerTrainer(model, args, train, train, tokenizer).get_train_dataloader()
        masks = [batch["attention_mask"] for batch in loader]
        return sum(int(mask.sum()) for mask in masks), sum(int((mask == 0).sum()) for mask in masks)

    (words, random), (same, grouped) = padding("random"), padding("group_by_length")
    assert words == same == sum(map(len, train["tokens"]))
    assert grouped < random / 3


def test_the_number_of_processes_does_not_change_the_gradient(tmp_path):
    script = tmp_path / "step.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "from tests.training.test_training import step_of_sgd\n"
        "out = pathlib.Path(sys.argv[1])\n"
        "weights = step_of_sgd(out, per_device_train_batch_size=4)\n"
        "import torch.distributed as dist\n"
        "assert dist.get_world_size() == 2\n"
        "if dist.get_rank() == 0: (out / 'weights.json').write_text(json.dumps(weights))\n"
        "dist.destroy_process_group()\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    repository = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [*launch, str(tmp_path / "two")],
        capture_output=True,
        text=True,
        env={**__import__("os").environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    two = json.loads((tmp_path / "two" / "weights.json").read_text())
    for name, values in step_of_sgd(tmp_path / "one", per_device_train_batch_size=8).items():
        assert two[name] == pytest.approx(values, abs=1e-5)


def test_the_loss_is_the_sum_over_labelled_words_divided_by_those_of_the_whole_batch():
    logits = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [5.0, 5.0]]])
    labels = torch.tensor([[0, 0, -100]])
    expected = (torch.log1p(torch.tensor(-2.0).exp()) + torch.log1p(torch.tensor(1.0).exp())).item()
    assert summed_loss({"logits": logits}, labels, 10).item() == pytest.approx(expected / 10)
    assert summed_loss({"logits": logits}, labels).item() == pytest.approx(expected / 2)
    assert summed_loss({"logits": logits}, torch.full((1, 3), -100)).item() == 0.0


def test_labels_stand_on_first_sub_words_and_each_word_counts_once():
    tokenizer = wordpiece_tokenizer(["a", "b", "##x"], model_max_length=6)
    rows = Dataset.from_dict(
        {"tokens": [["ax", "b", " "], ["a"] * 9], "ner_tags": [["B-PER", "O", "B-LOC"], ["O"] * 9]}
    )
    model = tiny_bert(len(tokenizer))
    examples = list(EncodedSplit(rows, model, tokenizer))
    assert examples[0]["labels"] == [-100, 1, -100, 0, 3, -100]
    assert len(examples) == 4
    for kind in ("arrow", "numpy"):
        assert list(EncodedSplit(rows.with_format(kind), model, tokenizer)) == examples
    assert sum(label != -100 for example in examples[1:] for label in example["labels"]) == 9
    with pytest.raises(CfgenError, match=r"the data has tags B-ORG, which the model lacks; it has B-LOC, B-PER"):
        EncodedSplit(Dataset.from_dict({"tokens": [["a"]], "ner_tags": [["B-ORG"]]}), model, tokenizer)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("metric_for_best_model", "relaxed_f1"),
        ("load_best_model_at_end", False),
        ("eval_strategy", "steps"),
        ("save_strategy", "no"),
        ("greater_is_better", False),
        ("max_steps", 0),
        ("per_device_train_batch_size", 0),
        ("learning_rate", float("nan")),
        ("push_to_hub", True),
        ("dataloader_drop_last", True),
        ("eval_do_concat_batches", False),
        ("context_dropout", 1.0),
        ("context_dropout", -0.1),
        ("context_dropout", float("nan")),
    ],
)
def test_options_that_contradict_the_protocol_are_errors(tmp_path, option, value):
    with pytest.raises(CfgenError, match=rf"--{option} is {value!r}"):
        arguments(tmp_path, **{option: value})
    assert replace(arguments(tmp_path), max_steps=7).max_steps == 7


@pytest.mark.parametrize(("steps", "expected"), [(24, range(2, 25, 2)), (30, None), (5, range(1, 6))])
def test_dev_is_scored_12_times_evenly_and_last_at_the_last_step(tmp_path, steps, expected):
    model, tokenizer = tiny_lstm([WORDS])
    trainer = TaggerTrainer(model, arguments(tmp_path, max_steps=steps, learning_rate=1e-3), TRAIN, TRAIN, tokenizer)
    trainer.train()
    done = [entry["step"] for entry in trainer.state.log_history if "eval_strict_f1" in entry]
    # ceil(30 i / 12) for i = 1 ... 12
    assert done == list(expected or [3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28, 30])


def test_the_best_evaluation_wins_the_earliest_of_equals_and_its_weights_are_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("hf_cfgen.training.trainer.SELECTION_MENTIONS", len(TRAIN))
    set_seed(0)
    model, tokenizer = lstm_tagger(TRAIN["tokens"], LABELS, hidden_size=16, embedding_size=8)
    # so high a rate that scores go up and down
    trainer = TaggerTrainer(model, arguments(tmp_path, max_steps=36, learning_rate=0.1), TRAIN, TRAIN, tokenizer)
    trainer.train()
    history = [(e["step"], e["eval_strict_f1"]) for e in trainer.state.log_history if "eval_strict_f1" in e]
    best = max(score for _, score in history)
    assert trainer.state.best_metric == best > 0
    assert trainer.state.best_global_step == next(step for step, score in history if score == best)
    predictions = decode_tags(predict_probabilities(model, tokenizer, list(TRAIN["tokens"])), model.config.id2label)
    assert ner_scores(TRAIN["ner_tags"], predictions).strict.f1 == best
    found = trainer.dev_scores()
    assert [(one.step, one.strict_f1) for one in found.dev] == history
    assert (found.dev_strict_f1, found.best_step) == (best, trainer.state.best_global_step)


def test_a_small_dev_split_selects_nothing_and_the_last_weights_stay(tmp_path):
    set_seed(0)
    model, tokenizer = lstm_tagger(TRAIN["tokens"], LABELS, hidden_size=16, embedding_size=8)
    trainer = TaggerTrainer(model, arguments(tmp_path, max_steps=36, learning_rate=0.1), TRAIN, TRAIN, tokenizer)
    trainer.train()
    assert not list(tmp_path.glob("checkpoint-*"))
    found = trainer.dev_scores()
    assert len({one.strict_f1 for one in found.dev}) > 1 and found.best_step == 36
    assert found.dev_strict_f1 == found.dev[-1].strict_f1
    predictions = decode_tags(predict_probabilities(model, tokenizer, list(TRAIN["tokens"])), model.config.id2label)
    assert ner_scores(TRAIN["ner_tags"], predictions).strict.f1 == found.dev_strict_f1


def test_the_last_mention_that_a_dev_split_needs_to_select_weights_counts():
    one, two = ["B-PER", "B-PER", "O"], ["B-PER", "I-PER", "O"]
    rows = [one] * (SELECTION_MENTIONS // 2)
    for extra, expected in ((rows, True), ([*rows[:-1], two], False), ([*rows[:-1], two, two], True)):
        dev = Dataset.from_dict({"tokens": [["a", "b", "c"]] * len(extra), "ner_tags": extra})
        assert selects_weights(dev) is expected


def test_scores_on_dev_are_of_words_whole_sentences_and_all_windows(tmp_path):
    tokenizer = wordpiece_tokenizer(["a", "b", "##x"], model_max_length=6)
    rows = Dataset.from_dict(
        {
            "tokens": [["ax", "b"] * 5, ["b"], ["a", " ", "bxx"]],
            "ner_tags": [["B-PER", "I-PER"] * 5, ["O"], ["O", "B-LOC", "I-LOC"]],
        }
    )
    model = tiny_bert(len(tokenizer))
    trainer = TaggerTrainer(model, arguments(tmp_path), rows, rows, tokenizer)
    metrics = trainer.evaluate()
    predictions = decode_tags(predict_probabilities(model, tokenizer, list(rows["tokens"])), model.config.id2label)
    scores = ner_scores(rows["ner_tags"], predictions)
    assert 0 < scores.token.f1 < 1
    for level in ("strict", "relaxed", "token"):
        assert metrics[f"eval_{level}_f1"] == pytest.approx(scores[level].f1)
    first = trainer.evaluate(rows.select([0]), metric_key_prefix="first")
    assert first["first_token_f1"] == pytest.approx(ner_scores(rows["ner_tags"][:1], predictions[:1]).token.f1)
    assert trainer.evaluate()["eval_token_f1"] == metrics["eval_token_f1"] != first["first_token_f1"]


@pytest.mark.parametrize("side", ["right", "left"])
def test_scores_on_dev_are_of_words_whatever_side_is_padded(tmp_path, side):
    tokenizer = wordpiece_tokenizer(["a", "b", "##x"])
    tokenizer.padding_side = side
    rows = Dataset.from_dict(
        {
            "tokens": [["ax", "b", "b", "bxx"], ["b"], ["b", "axx"]],
            "ner_tags": [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC"], ["O", "B-PER"]],
        }
    )
    trainer = TaggerTrainer(tiny_bert(len(tokenizer)), arguments(tmp_path), rows, rows, tokenizer)
    gold = trainer.data_collator(list(trainer.eval_dataset))["labels"].numpy()
    scored = gold != -100
    assert scored.sum() == 7
    best = gold.copy()
    best[~scored] = LABELS.index("B-PER")  # a model says something of every position
    certain = np.eye(len(LABELS))
    assert trainer.compute_metrics(EvalPrediction(certain[best], gold))["strict_f1"] == 1.0
    best[gold == LABELS.index("B-LOC")] = 0
    # 2 of 4 mentions, nothing else
    assert trainer.compute_metrics(EvalPrediction(certain[best], gold))["strict_f1"] == pytest.approx(2 / 3)


def test_the_learning_rate_depends_on_the_kind_of_tagger_unless_it_is_given(tmp_path):
    tokenizer = wordpiece_tokenizer(WORDS)
    for rate, lstm, bert in ((None, 1e-2, 2e-4), (0.5, 0.5, 0.5)):
        args = arguments(tmp_path, learning_rate=rate)
        trainers = [
            TaggerTrainer(m, args, TRAIN, TRAIN, t) for m, t in (tiny_lstm([WORDS]), (tiny_bert(10), tokenizer))
        ]
        assert [trainer.args.learning_rate for trainer in trainers] == [lstm, bert]
        assert args.learning_rate == rate, "the caller's options stay as they are"


def test_the_same_seed_gives_the_same_weights(tmp_path):
    def trained(name: str, seed: int) -> torch.Tensor:
        set_seed(seed)
        model, tokenizer = lstm_tagger(TRAIN["tokens"], LABELS, hidden_size=8, embedding_size=4)
        args = arguments(tmp_path / name, max_steps=4, seed=seed)
        trainer = TaggerTrainer(model, args, TRAIN, TRAIN, tokenizer)
        trainer.train()
        return trainer.model.head[-1].weight

    assert torch.equal(trained("a", 1), trained("b", 1))
    assert not torch.equal(trained("c", 2), trained("d", 1))


def test_the_options_that_are_changed_are_those_that_were_given(tmp_path):
    folder = str(tmp_path)
    assert changed_options(TaggerTrainingArguments(output_dir=folder, disable_tqdm=True, hub_token="secret")) == {}
    given = {"max_steps": 5, "data_seed": 0, "use_cpu": True, "debug": "underflow_overflow", "bf16": False}
    changed = changed_options(TaggerTrainingArguments(output_dir=folder, **given))
    assert changed == {"max_steps": 5, "data_seed": 0, "use_cpu": True, "debug": ["underflow_overflow"]}


def test_a_failed_training_of_a_discriminator_leaves_no_checkpoints(tmp_path, monkeypatch):
    checkpoints = tmp_path / "checkpoints"

    def fail(*_):
        (checkpoints / "checkpoint-1").mkdir(parents=True)
        raise MemoryError

    monkeypatch.setattr(Trainer, "train", fail)
    splits = load_ner_dataset("demo:en", num_train_examples=20)
    with pytest.raises(MemoryError):
        train_discriminator(ModelOptions(), splits, None, arguments(tmp_path), checkpoints)
    assert not checkpoints.exists() and tmp_path.exists()


def test_the_moving_average_is_kept_in_place_of_the_weights(tmp_path):
    raw, averaged = step_of_sgd(tmp_path / "raw"), step_of_sgd(tmp_path / "averaged", ema_decay=0.9)
    set_seed(1)
    start = {name: value.flatten().tolist() for name, value in tiny_lstm([WORDS], dropout=0.0)[0].state_dict().items()}
    assert raw["head.3.bias"] != start["head.3.bias"]
    for name in ("head.3.bias", "crf.transitions"):
        # the decay of the first step is 2 / 11
        expected = [2 / 11 * before + 9 / 11 * after for before, after in zip(start[name], raw[name])]
        assert averaged[name] == pytest.approx(expected, abs=1e-6)


def test_a_tagger_knows_the_scheme_of_its_train_split(minilm):
    rows = {"tokens": [["Ada", "Bo", "left"]], "ner_tags": [["I-PER", "B-PER", "O"]]}
    names = ["O", "B-PER", "I-PER"]
    data = DatasetDict(train=Dataset.from_dict(rows).cast_column("ner_tags", List(ClassLabel(names=names))))
    for options in (ModelOptions(), ModelOptions(model="lstm-paper"), ModelOptions(model=str(minilm))):
        model, _ = create_tagger(options, data)
        assert model.config.tagging_scheme == "IOB1"
        assert (getattr(model, "crf", None) is not None) == (options.model == "lstm")
    assert create_tagger(ModelOptions(crf=False), data)[0].crf is None
    assert create_tagger(ModelOptions(), data)[0].crf.legal.tolist() == legal_transitions(names, "IOB1").tolist()


def test_a_tagger_knows_how_the_text_of_its_train_split_is_split(minilm, tmp_path):
    names = ["O", "B-PER", "I-PER"]
    sentences = {"whitespace": ["Ada", "left."], "words": ["Ada", "left", "."], "characters": ["A", "."]}
    for unit, tokens in sentences.items():
        rows = {"tokens": [tokens], "ner_tags": [["B-PER", *["O"] * (len(tokens) - 1)]]}
        data = DatasetDict(train=Dataset.from_dict(rows).cast_column("ner_tags", List(ClassLabel(names=names))))
        for options in (ModelOptions(), ModelOptions(model=str(minilm), num_layers=1)):
            model, _ = create_tagger(options, data)
            model.save_pretrained(tmp_path)
            assert saved_config(tmp_path).text_unit == unit
