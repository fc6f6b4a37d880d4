"""Convert label probabilities to tags."""

import numpy as np


def best_tags(probabilities: np.ndarray, id2label: dict[int, str]) -> list[str]:
    """Return the most probable tag of each word, or O for a word that the model did not see.

    Args:
        probabilities (`np.ndarray` of shape (words, labels)): The result of `predict_words` for one sentence.
        id2label (`dict[int, str]`): The model's labels.

    Returns:
        `list[str]`: One tag per word.

    Example:

    >>> best_tags(np.array([[0.2, 0.8], [np.nan, np.nan]]), {0: "O", 1: "B-PER"})
    ['B-PER', 'O']
    """
    seen = ~np.isnan(probabilities).any(axis=-1)
    best = np.where(seen[:, None], probabilities, 0).argmax(axis=-1)
    return [id2label[int(label)] if known else "O" for label, known in zip(best, seen)]
