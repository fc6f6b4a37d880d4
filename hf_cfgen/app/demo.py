"""Taggers that are trained while the visitor waits: on given sentences, or on a demo corpus and then cached."""

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

STEPS = 200  # takes seconds on one core and reaches a strict dev F1 of 0.94 on demo:en and 0.72 on demo:zh


@cache
def demo_tagger(name: str) -> DiscriminatorPipeline:
    """Return the tagger of one of `DEMOS`. Train it if the Hugging Face cache has none of this version."""
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
    """Train an LSTMTagger for `STEPS` steps; see `train_discriminator` for the splits and the errors."""
    with TemporaryDirectory() as folder:
        training = TaggerTrainingArguments(output_dir=folder, max_steps=STEPS, report_to="none")
        return train_discriminator(ModelOptions(), splits, None, training, Path(folder) / "checkpoints")
