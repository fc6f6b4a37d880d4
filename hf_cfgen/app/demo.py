"""Taggers trained while somebody waits: of the demo corpora, kept in Hugging Face's cache, and of given sentences."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from datasets import Dataset
from filelock import FileLock
from huggingface_hub import constants

from .. import __version__
from ..data.loading import load_ner_dataset
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..training.config import ModelOptions, TaggerTrainingArguments
from ..training.taggers import train_discriminator
from ..utils.files import finished_folder

DEMOS = {"demo:en": "English", "demo:zh": "Chinese"}

STEPS = 200  # seconds on one core, and a strict F1 of about 0.9 on the demo corpora's dev


@cache
def demo_tagger(name: str) -> DiscriminatorPipeline:
    """The tagger of a demo corpus, trained on its train split.

    Args:
        name (`str`): One of `DEMOS`.

    Returns:
        `DiscriminatorPipeline`: The tagger; trained now where the cache has none of this version.
    """
    folder = Path(constants.HF_HOME) / "hf_cfgen" / f"{name.replace(':', '-')}-{__version__}-{STEPS}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):  # the first of several visitors trains it, the others wait
        if not folder.is_dir():
            tagger = trained_tagger(load_ner_dataset(name))
            with finished_folder(folder) as partial:
                tagger.model.save_pretrained(partial)
                tagger.tokenizer.save_pretrained(partial)
    return as_discriminator(str(folder))


def trained_tagger(splits: Mapping[str, Dataset]) -> DiscriminatorPipeline:
    """An LSTMTagger trained on sentences, in seconds.

    Args:
        splits (`Mapping[str, Dataset]`): `train`, and `validation` if there is one; see `train_discriminator`.

    Returns:
        `DiscriminatorPipeline`: The tagger.

    Raises:
        CfgenError: There are too few sentences.
    """
    with TemporaryDirectory() as folder:
        training = TaggerTrainingArguments(output_dir=folder, max_steps=STEPS, report_to="none")
        return train_discriminator(ModelOptions(), splits, None, training, Path(folder) / "checkpoints")
