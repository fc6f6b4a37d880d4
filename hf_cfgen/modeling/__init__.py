"""The taggers. Importing this package registers `LSTMTagger` with the Auto classes of transformers, and the pipeline
of the task "word-classification".

Without it, load a saved `LSTMTagger` with `trust_remote_code=True`: its code is saved next to the weights.
"""

from pathlib import Path

from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedConfig

from .create import lstm_tagger, pretrained_tagger
from .lstm import LSTMTagger, LSTMTaggerConfig
from .pipeline import DiscriminatorPipeline
from .word_tokenizer import word_tokenizer
from .word_vectors import load_vectors

__all__ = [
    "DiscriminatorPipeline",
    "LSTMTagger",
    "LSTMTaggerConfig",
    "load_vectors",
    "lstm_tagger",
    "pretrained_tagger",
    "saved_config",
    "word_tokenizer",
]

AutoConfig.register(LSTMTaggerConfig.model_type, LSTMTaggerConfig)
AutoModelForTokenClassification.register(LSTMTaggerConfig, LSTMTagger)


def saved_config(folder: Path) -> PreTrainedConfig:
    """Load the configuration of a saved model, with the same attribute names for every architecture.

    Args:
        folder (`Path`): The model's folder.

    Returns:
        `PreTrainedConfig`: The configuration, with `num_hidden_layers`, `hidden_size`, and so on.
    """
    return AutoConfig.from_pretrained(folder)
