"""Code that the `evaluate` modules share."""

import datasets
import evaluate

CITATION = """\
@inproceedings{zeng-etal-2020-counterfactual,
    title = "Counterfactual Generator: A Weakly-Supervised Method for Named Entity Recognition",
    author = "Zeng, Xiangji and Li, Yunliang and Zhai, Yuchen and Zhang, Yin",
    booktitle = "Proceedings of the 2020 Conference on Empirical Methods in Natural Language Processing (EMNLP)",
    year = "2020",
    pages = "7270--7280",
    url = "https://aclanthology.org/2020.emnlp-main.590",
}
"""


def metric_info(description: str, inputs: str, names: list[str], urls: list[str]) -> evaluate.MetricInfo:
    """Describe a metric whose inputs, `names`, are lists of tags."""
    tags = datasets.Sequence(datasets.Value("string"))
    return evaluate.MetricInfo(
        description=description,
        citation=CITATION,
        inputs_description=inputs,
        features=datasets.Features(dict.fromkeys(names, tags)),
        reference_urls=urls,
    )


class Picklable:
    """A mixin that removes the file locks of finished computations, which cannot be pickled."""

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"filelocks": None}
