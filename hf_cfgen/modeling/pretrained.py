"""BERTTagger: a pretrained checkpoint with a token-classification head."""

from collections.abc import Sequence
from pathlib import Path

from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel, PreTrainedTokenizerBase

from ..errors import CfgenError
from .encoding import load_tokenizer


def pretrained_tagger(
    checkpoint: str | Path, labels: Sequence[str], num_layers: int | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a pretrained encoder and add an untrained token-classification head.

    Args:
        checkpoint (`str` or `Path`): A folder or a Hub name.
        labels (`Sequence[str]`): The tags, in the order of their ids.
        num_layers (`int`, *optional*): Number of first layers to keep. Defaults to all; the paper keeps 6 of 12.

    Returns:
        `tuple[PreTrainedModel, PreTrainedTokenizerBase]`: The model and its tokenizer.

    Raises:
        CfgenError: The checkpoint can't be loaded, or has fewer than `num_layers` layers.
    """
    source = str(checkpoint)
    try:
        config = AutoConfig.from_pretrained(source)
        if num_layers is not None:
            if not 1 <= num_layers <= config.num_hidden_layers:
                raise CfgenError(f"{num_layers} layers asked for, but {source} has 1 to {config.num_hidden_layers}")
            config.num_hidden_layers = num_layers
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
        # a checkpoint with other labels gets a new head
        model = AutoModelForTokenClassification.from_pretrained(source, config=config, ignore_mismatched_sizes=True)
        return model, load_tokenizer(source)
    except CfgenError:
        raise
    except (OSError, ValueError) as error:
        raise CfgenError(f"no model at {source!r}: {str(error).strip().splitlines()[0]}") from error
