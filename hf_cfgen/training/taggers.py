"""Create and train taggers."""

import copy
import shutil
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset, DatasetDict
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from ..data.columns import tag_column, tag_names
from ..data.splits import carve_splits
from ..errors import CfgenError
from ..modeling.create import lstm_tagger, pretrained_tagger
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..tagging.spans import detect_scheme
from ..utils.text import text_unit
from .config import ModelOptions, TaggerTrainingArguments, with_defaults
from .trainer import TaggerTrainer

PAPER_LSTM = {"num_hidden_layers": 2, "hidden_size": 512, "crf": False}


def create_tagger(
    arguments: ModelOptions, data: DatasetDict, vectors: dict[str, Any] | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Create an untrained tagger and its tokenizer.

    Args:
        arguments (`ModelOptions`): The model options.
        data (`DatasetDict`): The data. An LSTM gets its vocabulary from the observational train split.
        vectors (`dict[str, np.ndarray]`, *optional*): Pretrained vectors for an LSTM.

    Returns:
        `tuple[PreTrainedModel, PreTrainedTokenizerBase]`: The model and its tokenizer.

    Raises:
        CfgenError: The checkpoint can't be loaded.
    """
    labels = tag_names(data["train"])
    assert labels is not None, "load_ner_dataset always gives a ClassLabel"
    try:
        scheme = detect_scheme(tag_column(data["train"]), labels)
    except CfgenError:  # sentences in both IOB1 and IOB2, which the user has accepted by naming a scheme
        scheme = None
    if not arguments.is_lstm:
        model, tokenizer = pretrained_tagger(arguments.model, labels, arguments.num_layers)
        model.config.tagging_scheme = scheme
        model.config.text_unit = text_unit(chain.from_iterable(data["train"]["tokens"]))
        return model, tokenizer
    shape: dict[str, Any] = dict(PAPER_LSTM) if arguments.model == "lstm-paper" else {"crf": arguments.crf}
    shape["tagging_scheme"] = scheme
    named = {
        "num_hidden_layers": arguments.num_layers,
        "hidden_size": arguments.hidden_size,
        "dropout": arguments.dropout,
    }
    shape |= {name: value for name, value in named.items() if value is not None}
    frozen = arguments.freeze_embeddings and vectors is not None
    return lstm_tagger(data["train"]["tokens"], labels, vectors, freeze_embeddings=frozen, **shape)


def train_tagger(
    arguments: ModelOptions,
    data: DatasetDict,
    rows: Dataset,
    vectors: dict[str, Any] | None,
    training: TaggerTrainingArguments,
    checkpoints: Path,
) -> tuple[DiscriminatorPipeline, TaggerTrainer]:
    """Train a new tagger and keep the weights of the best evaluation on dev.

    Args:
        arguments (`ModelOptions`): The model options.
        data (`DatasetDict`): `train` (for the vocabulary) and `validation` (to select the best weights).
        rows (`Dataset`): The examples to train on: `train` or a mix.
        vectors (`dict[str, np.ndarray]`, *optional*): Pretrained vectors for an LSTM.
        training (`TaggerTrainingArguments`): The training options.
        checkpoints (`Path`): A temporary folder for checkpoints, removed at the end.

    Returns:
        `tuple[DiscriminatorPipeline, TaggerTrainer]`: The tagger, and the trainer with its log history.

    Raises:
        CfgenError: See `create_tagger` and `TaggerTrainer`.
    """
    set_seed(training.seed)
    model, tokenizer = create_tagger(arguments, data, vectors)
    args = copy.copy(training)
    args.output_dir = str(checkpoints)
    trainer = TaggerTrainer(model, args, rows, data["validation"], tokenizer)
    trainer.train()
    PartialState().wait_for_everyone()  # another process may still be reading the best checkpoint
    if training.process_index == 0:
        shutil.rmtree(checkpoints, ignore_errors=True)  # there are none without a selection on dev
    return as_discriminator(model, tokenizer), trainer


def train_discriminator(
    arguments: ModelOptions,
    splits: Mapping[str, Dataset],
    vectors: dict[str, Any] | None,
    training: TaggerTrainingArguments,
    checkpoints: Path,
) -> DiscriminatorPipeline:
    """Train a discriminator for the counterfactual examples of a dataset.

    Args:
        arguments (`ModelOptions`): The model options.
        splits (`Mapping[str, Dataset]`): `train` and optionally `validation`, which selects the best weights.
            Defaults to a tenth of train.
        vectors (`dict[str, np.ndarray]`, *optional*): Pretrained vectors for an LSTM.
        training (`TaggerTrainingArguments`): The training options.
        checkpoints (`Path`): A temporary folder for checkpoints, removed at the end, even after an error.

    Returns:
        `DiscriminatorPipeline`: The discriminator.

    Raises:
        CfgenError: The only split is a train split of one row, or see `train_tagger`.
    """
    # test is unused: passing one makes carve_splits carve only a missing validation split
    data = DatasetDict(carve_splits({"test": splits["train"], **splits}, split_seed=42))
    training = with_defaults(training, arguments.training_defaults())
    main = PartialState().is_main_process
    if main:
        print(f"Training the discriminator on {len(data['train'])} examples, {training.max_steps} steps", flush=True)
    try:
        return train_tagger(arguments, data, data["train"], vectors, training, checkpoints)[0]
    finally:
        if main:
            shutil.rmtree(checkpoints, ignore_errors=True)
