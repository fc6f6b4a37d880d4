"""Measure verdicts per second, compared with the stock pipeline and with the forward passes alone.

    python -m benchmarks.discrimination [--data demo:en] [--model FOLDER] [--examples 500] [--k 5] [--rounds 5] \
        [--processes 2] [--output FILE]

The discriminator is a random BERT of 2 layers and 128 units whose vocabulary is the words of the data, or the model in
FOLDER with a random head. It discriminates the candidates of the first examples of DATA. The programs alternate in one
process with one thread, and the median round of each counts:

- verdicts: read candidates from disk, and write them with verdicts and scores
- stock pipeline: `pipeline("token-classification", batch_size=32)` on the same words, labels only
- bare forward: the forward passes alone, with prepared inputs, in our batches; and without any padding, with sentences
  of one length per batch. The faster of the two is the lower limit.

The labels of the words must equal those of the stock pipeline. With --processes, that number of processes of
Accelerate alternates with one process, one thread each; the time is that of `discriminate` in the main process,
after a first call.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from accelerate import PartialState
from datasets import Dataset, load_from_disk
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    pipeline,
)

from benchmarks.timing import environment, in_turn, write_result
from hf_cfgen import CfgenConfig, generate_counterfactuals, load_ner_dataset
from hf_cfgen.counterfactual.discrimination import discriminate
from hf_cfgen.data.columns import tag_names
from hf_cfgen.modeling.encoding import Windows
from hf_cfgen.modeling.inference import batches
from hf_cfgen.modeling.pipeline import DiscriminatorPipeline, as_discriminator

REPOSITORY = Path(__file__).resolve().parents[1]


def small_bert(words: Sequence[str], labels: dict[str, Any]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Make a random BERT of 2 layers and 128 units, and a tokenizer that knows all words."""
    vocabulary = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])
    backend = Tokenizer(models.WordPiece({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    shape = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}
    model = BertForTokenClassification(BertConfig(vocab_size=len(vocabulary), **shape, **labels))
    return model, PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=512, **special)


def passes(windows: Windows, chosen: Sequence[np.ndarray]) -> list[dict[str, torch.Tensor]]:
    """Prepare the inputs of the model, so that their preparation is not timed."""
    return [{name: torch.from_numpy(values) for name, values in windows.pad(batch)[0].items()} for batch in chosen]


def of_one_length(windows: Windows, batch_list: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Split our batches by length, so that none needs padding."""
    size = windows.end - windows.begin
    order = np.concatenate(batch_list)
    most = max(len(batch) for batch in batch_list)
    alike = np.split(order, np.flatnonzero(np.diff(size[order])) + 1)
    return [group[begin : begin + most] for group in alike for begin in range(0, len(group), most)]


def bare(model: PreTrainedModel, inputs: Sequence[dict[str, torch.Tensor]]) -> None:
    with torch.inference_mode():
        for tensors in inputs:
            model(**tensors)


def check_labels(tagger: DiscriminatorPipeline, sentences: Sequence[Sequence[str]], stock: Sequence[Any]) -> None:
    """Check that each word has the label that the stock pipeline gives to its first sub-word."""
    windows = tagger.preprocess(sentences, stride=None).windows
    predictions = tagger.predict_probabilities(sentences)
    for row, (begin, end, answers) in enumerate(zip(windows.offsets, windows.offsets[1:], stock)):
        label_at = {answer["index"]: answer["entity"] for answer in answers}
        theirs = [label_at[place] for place in windows.position[windows.predicted[begin:end]].tolist()]
        best = predictions[row][: len(theirs)].argmax(-1).tolist()
        if [tagger.model.config.id2label[label] for label in best] != theirs:
            raise ValueError(f"sentence {row}: the stock pipeline gives other labels")


def launched_seconds(folder: Path, processes: int) -> float:
    """Return the seconds of `discriminate` in several processes of one thread each."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command = [*launcher, "-m", "benchmarks.discrimination", "--part", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def part(folder: Path) -> None:
    """Run the part of a launched process."""
    state = PartialState(cpu=True)
    tagger, rows = as_discriminator(str(folder / "model")), load_from_disk(folder / "rows")
    discriminate(rows.select(range(min(200, len(rows)))), tagger, load_from_cache_file=False)
    state.wait_for_everyone()
    begin = time.perf_counter()
    discriminate(rows, tagger, load_from_cache_file=False)
    if state.is_main_process:
        print(json.dumps(time.perf_counter() - begin))
    state.destroy_process_group()


def measure(rows: Dataset, tagger: DiscriminatorPipeline, rounds: int) -> dict[str, Any]:
    """Return the seconds of each program, and their ratios."""
    sentences = list(rows["tokens"])
    windows = tagger.preprocess(sentences, tagger.stride).windows
    ours = batches(windows, tagger.model.device)
    padded, unpadded = passes(windows, ours), passes(windows, of_one_length(windows, ours))
    stock = pipeline("token-classification", model=tagger.model, tokenizer=tagger.tokenizer, ignore_labels=[])
    runs = {
        "verdicts": lambda: discriminate(rows, tagger, load_from_cache_file=False),
        "stock pipeline": lambda: stock(sentences, is_split_into_words=True, batch_size=32),
        "bare forward, our batches": lambda: bare(tagger.model, padded),
        "bare forward, no padding": lambda: bare(tagger.model, unpadded),
    }
    seconds, results = in_turn(runs, rounds)
    check_labels(tagger, sentences, results["stock pipeline"])
    limit = min(value for name, value in seconds.items() if name.startswith("bare"))
    return {
        "candidates": len(rows),
        "sub_words": int((windows.end - windows.begin).sum()),
        "rounds": rounds,
        "seconds": seconds,
        "rows_per_second": {name: len(rows) / value for name, value in seconds.items()},
        "speed_against_stock_pipeline": seconds["stock pipeline"] / seconds["verdicts"],
        "time_against_bare_forward": seconds["verdicts"] / limit,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="demo:en")
    parser.add_argument("--model")
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    datasets.disable_progress_bars()
    if arguments.part is not None:
        return part(arguments.part)

    train = load_ner_dataset(arguments.data)["train"]
    train = train.select(range(min(arguments.examples, len(train))))
    rows = generate_counterfactuals(train, config=CfgenConfig("budget", k=arguments.k)).kept
    id2label = dict(enumerate(tag_names(rows) or ()))
    labels = {"id2label": id2label, "label2id": {label: i for i, label in id2label.items()}}
    torch.manual_seed(0)
    if arguments.model is None:
        model, tokenizer = small_bert([word for tokens in rows["tokens"] for word in tokens], labels)
    else:
        model = AutoModelForTokenClassification.from_pretrained(arguments.model, **labels)
        tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows.save_to_disk(folder / "rows")
        model.save_pretrained(folder / "model")
        tokenizer.save_pretrained(folder / "model")
        rows = load_from_disk(folder / "rows")
        result = {
            "model": "random BERT, 2 layers of 128"
            if arguments.model is None
            else "/".join(Path(arguments.model).parts[-2:]),
            "data": Path(arguments.data).name,
            "threads": 1,
            **measure(rows, as_discriminator(model.eval(), tokenizer), arguments.rounds),
            "environment": environment(),
        }
        if arguments.processes is not None:
            turns = [
                (launched_seconds(folder, 1), launched_seconds(folder, arguments.processes))
                for _ in range(arguments.rounds)
            ]
            one, several = (statistics.median(seconds) for seconds in zip(*turns))
            result["processes"] = {
                "number": arguments.processes,
                "seconds_of_one": one,
                "seconds_of_all": several,
                "speed_against_one": one / several,
            }
    for way, rate in result["rows_per_second"].items():
        print(f"{way:28}{rate:9.0f} rows/s")
    print(f"verdicts: {result['speed_against_stock_pipeline']:.2f} times as fast as the stock pipeline, ", end="")
    print(f"{result['time_against_bare_forward']:.2f} times the bare forward's time")
    if "processes" in result:
        print(f"{arguments.processes} processes: {result['processes']['speed_against_one']:.2f} times as fast as one")
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
