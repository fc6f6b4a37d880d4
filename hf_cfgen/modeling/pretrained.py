"""BERTTagger: any pretrained checkpoint with a token-classification head."""

from collections.abc import Sequence
from pathlib import Path

from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel, PreTrainedTokenizerBase

from ..errors import CfgenError
from .encoding import load_tokenizer


def pretrained_tagger(
    checkpoint: str | Path, labels: Sequence[str], num_layers: int | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A pretrained encoder with a fresh token-classification head.

    Args:
        checkpoint (`str` or `Path`): A folder or a Hub name.
        labels (`Sequence[str]`): The tags, in the order of their ids.
        num_layers (`int`, *optional*): Keep the first layers only; the paper's released model keeps 6 of 12.

    Returns:
        `tuple[PreTrainedModel, PreTrainedTokenizerBase]`: The model and its tokenizer.

    Raises:
        CfgenError: The checkpoint can't be loaded, or has fewer layers than asked for.
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
        # a checkpoint that was a tagger of other labels gets a fresh head
        model = AutoModelForTokenClassification.from_pretrained(source, config=config, ignore_mismatched_sizes=True)
        return model, load_tokenizer(source)
    except CfgenError:
        raise
    except (OSError, ValueError) as error:
        raise CfgenError(f"no model at {source!r}: {str(error).strip().splitlines()[0]}") from error
