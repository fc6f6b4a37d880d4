"""Load files and Hub datasets as a `DatasetDict` with `id`, `tokens`, and `ner_tags`."""

from .loading import load_ner_dataset

__all__ = ["load_ner_dataset"]
