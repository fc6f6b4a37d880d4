"""What Zeng et al. (2020) report: Tables 1, 2 and 3.

"Counterfactual Generator: A Weakly-Supervised Method for Named Entity Recognition", EMNLP 2020.
"""

from collections.abc import Collection
from statistics import mean

SPLITS = ("train", "validation", "test")

# Table 1: sentences by split
SIZES = {"CNER": (1322, 164, 164), "IDiag": (9274, 1157, 1157), "CLUENER": (9674, 1208, 1208)}

TAGGERS = ("LSTM", "BERT")

TRAIN_EXAMPLES = (100, 200, 300, 400, 500)

# Table 2: F1 of NoAug and Aug, in per cent, for TRAIN_EXAMPLES. BERT's rows of CNER and IDiag have the same numbers
# for 400 and 500; CNER's jump there, so they are the likely copies and no targets.
F1: dict[tuple[str, str], tuple[tuple[float, float] | None, ...]] = {
    ("CNER", "LSTM"): ((43.8, 55.6), (49.3, 64.1), (50.9, 66.3), (58.9, 67.7), (64.0, 70.5)),
    ("CNER", "BERT"): ((47.2, 47.6), (57.1, 68.3), (61.1, 71.4), None, None),
    ("IDiag", "LSTM"): ((55.3, 62.1), (64.0, 68.0), (66.6, 72.6), (68.8, 73.9), (70.9, 74.8)),
    ("IDiag", "BERT"): ((58.3, 67.9), (67.9, 72.6), (71.8, 76.1), (73.7, 77.4), (74.9, 78.8)),
    ("CLUENER", "LSTM"): ((7.8, 11.3), (15.2, 20.4), (19.4, 23.4), (21.8, 26.7), (25.4, 29.1)),
    ("CLUENER", "BERT"): ((30.2, 34.8), (43.8, 48.5), (47.0, 53.0), (51.5, 55.2), (53.3, 57.1)),
}

# Table 3: ACE_C, ACE_E and RI of NoAug on the full train split, at the level of entities and of tokens
EFFECTS: dict[tuple[str, str], dict[str, tuple[float, float, float]]] = {
    ("CNER", "LSTM"): {"entity": (-0.40, -0.49, 0.08), "token": (-0.33, -0.66, 0.33)},
    ("CNER", "BERT"): {"entity": (-0.21, -0.71, 0.50), "token": (-0.39, -0.85, 0.46)},
    ("IDiag", "LSTM"): {"entity": (-0.28, -0.56, 0.28), "token": (-0.20, -0.53, 0.33)},
    ("IDiag", "BERT"): {"entity": (-0.04, -0.76, 0.72), "token": (-0.11, -0.91, 0.81)},
    ("CLUENER", "LSTM"): {"entity": (-0.20, -0.51, 0.31), "token": (-0.16, -0.65, 0.49)},
    ("CLUENER", "BERT"): {"entity": (-0.14, -0.68, 0.54), "token": (-0.23, -0.80, 0.57)},
}


def counterpart(dataset: str) -> str | None:
    """The paper's dataset that a dataset of a grid stands for, by its name.

    Args:
        dataset (`str`): The name in the grid.

    Returns:
        `str` or `None`: The paper's name; `None` where the paper has no such dataset.

    Example:

    >>> counterpart("cluener"), counterpart("idiag-standin"), counterpart("demo-en")
    ('CLUENER', 'IDiag', None)
    """
    return next((name for name in SIZES if dataset.lower().startswith(name.lower())), None)


def tagger(model: str) -> str | None:
    """The paper's tagger that a model is of the kind of.

    Args:
        model (`str`): The `model` of a cell's configuration.

    Returns:
        `str` or `None`: `"LSTM"` or `"BERT"`; `None` for another kind.

    Example:

    >>> tagger("lstm-paper"), tagger("bert-base-chinese"), tagger("package:minilm")
    ('LSTM', 'BERT', None)
    """
    return next((name for name in TAGGERS if model.lower().startswith(name.lower())), None)


def mean_gain(place: tuple[str, str] | None, sizes: Collection[float] = TRAIN_EXAMPLES) -> float | None:
    """Return the paper's mean gain in F1 over sizes, without those that are likely copies.

    Args:
        place (`tuple[str, str]` or `None`): A dataset and a tagger of the paper.
        sizes (`Collection[float]`, *optional*): The numbers of train examples. Defaults to all of the paper's.

    Returns:
        `float` or `None`: The gain in percent; `None` if the paper does not report some of these sizes.

    Example:

    >>> round(mean_gain(("CNER", "LSTM")), 1), round(mean_gain(("CNER", "LSTM"), (100, 300)), 1)
    (11.5, 13.6)
    """
    if place is None or not set(sizes) <= set(TRAIN_EXAMPLES):
        return None
    gains = [pair[1] - pair[0] for size, pair in zip(TRAIN_EXAMPLES, F1[place]) if size in sizes and pair]
    return mean(gains) if gains else None
