"""From the probabilities of the labels to the tags of a sentence."""

import numpy as np


def best_tags(probabilities: np.ndarray, id2label: dict[int, str]) -> list[str]:
    """The most probable tag of every word; O where the model has not seen the word.

    Args:
        probabilities (`np.ndarray` of shape (words, labels)): One sentence of `predict_words`.
        id2label (`dict[int, str]`): The model's labels.

    Returns:
        `list[str]`: One tag a word.

    Example:

    >>> best_tags(np.array([[0.2, 0.8], [np.nan, np.nan]]), {0: "O", 1: "B-PER"})
    ['B-PER', 'O']
    """
    seen = ~np.isnan(probabilities).any(axis=-1)
    best = np.where(seen[:, None], probabilities, 0).argmax(axis=-1)
    return [id2label[int(label)] if known else "O" for label, known in zip(best, seen)]
