"""Measure the parts of a training run, and the LSTM's training on a CPU compared with packed sequences.

    python -m benchmarks.training DATA [--vectors FILE] [--model FOLDER] [--steps 120] [--rounds 5] [--output FILE]

Train a tagger like `hf-cfgen run` on N examples of DATA, with 12 evaluations on dev. The parts are shares of the time
of `Trainer.train`: forward, backward and the optimizer, forward passes on dev, and the rest (batches, scores,
checkpoints). The two ways of the LSTM alternate on the same batches, and the median round of each counts.
"""

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import TrainerCallback, set_seed

from benchmarks.timing import environment, in_turn, write_result
from hf_cfgen.data.loading import load_ner_dataset
from hf_cfgen.modeling.lstm import LSTMTagger
from hf_cfgen.modeling.word_vectors import load_vectors
from hf_cfgen.training.config import ModelOptions, TaggerTrainingArguments
from hf_cfgen.training.taggers import create_tagger
from hf_cfgen.training.trainer import TaggerTrainer

PARTS = ("forward", "backward", "optimizer", "forward on dev")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--vectors")
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    data = load_ner_dataset(arguments.data, num_train_examples=arguments.examples)
    options = ModelOptions(model=arguments.model, vectors=arguments.vectors)
    vectors = None if arguments.vectors is None else load_vectors(arguments.vectors)
    result: dict[str, Any] = {
        "model": "/".join(Path(arguments.model).parts[-2:]),
        "data": Path(arguments.data).name,
        "examples": len(data["train"]),
        "dev": len(data["validation"]),
        "steps": arguments.steps,
        "batch_size": arguments.batch_size,
        "rounds": arguments.rounds,
        "environment": environment(),
    }
    with tempfile.TemporaryDirectory() as folder:
        training = TaggerTrainingArguments(
            output_dir=folder,
            max_steps=arguments.steps,
            per_device_train_batch_size=arguments.batch_size,
            use_cpu=True,
            disable_tqdm=True,
        )
        set_seed(training.seed)
        model, tokenizer = create_tagger(options, data, vectors)
        trainer = TaggerTrainer(model, training, data["train"], data["validation"], tokenizer)
        result["shares"] = shares(trainer)
        if isinstance(model, LSTMTagger):
            result["lstm_seconds_a_step"] = lstm_ways(model, trainer, arguments.rounds)
    trained = sum(result["shares"][part] for part in PARTS)
    print(f"{result['model']} on {result['data']}: {trained:.0%} of the time in " + ", ".join(PARTS))
    for part, share in result["shares"].items():
        print(f"  {part:16}{share:7.1%}")
    for way, seconds in result.get("lstm_seconds_a_step", {}).items():
        print(f"  {way:16}{seconds * 1e3:7.1f} ms per step")
    write_result(arguments.output, result)


def shares(trainer: Any) -> dict[str, float]:
    """Train, and return each part's share of the time."""
    seconds = dict.fromkeys(PARTS, 0.0)

    def timed(part: Callable[[], str], function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)  # the Trainer checks the names of the arguments
        def call(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[part()] += time.perf_counter() - begin

        return call

    model = trainer.model
    model.forward = timed(lambda: "forward" if model.training else "forward on dev", model.forward)
    trainer.accelerator.backward = timed(lambda: "backward", trainer.accelerator.backward)

    class TimedOptimizer(TrainerCallback):
        def on_train_begin(self, *args: Any, optimizer: Any, **kwargs: Any) -> None:
            optimizer.step = timed(lambda: "optimizer", optimizer.step)

    trainer.add_callback(TimedOptimizer())
    begin = time.perf_counter()
    trainer.train()
    whole = time.perf_counter() - begin
    del model.forward
    return {part: spent / whole for part, spent in seconds.items()} | {"rest": 1 - sum(seconds.values()) / whole}


def lstm_ways(model: LSTMTagger, trainer: Any, rounds: int) -> dict[str, float]:
    """Return the median seconds of a forward and a backward pass of the LSTM, on the first train batches."""

    def packed(inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        sequence = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(model.lstm(sequence)[0], batch_first=True, total_length=inputs.shape[1])[0]

    batches = []
    for batch, _ in zip(trainer.get_train_dataloader(), range(10)):
        embedded = model.word_embeddings(batch["input_ids"]).detach().requires_grad_()
        batches.append((embedded, batch["attention_mask"].sum(dim=1)))

    def over(way: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Callable[[], None]:
        def run() -> None:
            for inputs, lengths in batches:
                way(inputs, lengths).sum().backward()

        return run

    seconds, _ = in_turn({"padded, ours": over(model._hidden), "packed": over(packed)}, rounds)
    for (inputs, lengths), _ in zip(batches, range(2)):
        torch.testing.assert_close(model._hidden(inputs, lengths), packed(inputs, lengths), rtol=1e-4, atol=1e-5)
    return {way: spent / len(batches) for way, spent in seconds.items()}


if __name__ == "__main__":
    main()
