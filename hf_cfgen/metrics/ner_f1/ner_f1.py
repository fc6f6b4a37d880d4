"""Strict, relaxed and token-level F1 of named entity recognition."""

from typing import Any

import evaluate

from hf_cfgen.metrics.base import Picklable, metric_info
from hf_cfgen.tagging.scoring import ner_scores

_DESCRIPTION = """\
Precision, recall and F1 of named-entity recognition at three levels: strict (same type, same boundaries), relaxed \
(same type, overlapping boundaries, matched one to one; Chinchor & Sundheim 1993) and token (the label of each word, \
O not counted). Micro averages and scores by type, for tags of any scheme: IOB1, IOB2, BIOES, BILOU, BMES, BMEWO.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions (`list[list[str]]`): Predicted tags, one list per sentence, one tag per word.
    references (`list[list[str]]`): Gold tags, of the same lengths as the predicted tags.
    do_context, do_entity, resamples, seed (*optional*): Ignored. `evaluate.combine` passes the inputs of `ace_ri`.

Returns:
    `dict`: For each level, `strict`, `relaxed` and `token`: `precision`, `recall`, `f1` (floats in [0, 1], 0 if the
    denominator is 0), `support` (the number of gold items) and `by_type`, the same four for each entity type.

Raises:
    `hf_cfgen.CfgenError` (a `ValueError`): Two sentences differ in length, or a tag does not belong to any scheme.

Examples:

    >>> from importlib.resources import files
    >>> import evaluate
    >>> ner_f1 = evaluate.load(str(files("hf_cfgen") / "metrics" / "ner_f1"))
    >>> predictions = [["B-PER", "O", "O", "B-LOC"]]
    >>> references = [["B-PER", "I-PER", "O", "B-LOC"]]
    >>> scores = ner_f1.compute(predictions=predictions, references=references)
    >>> {level: scores[level]["f1"] for level in scores}
    {'strict': 0.5, 'relaxed': 1.0, 'token': 0.8}
    >>> scores["strict"]["by_type"]["LOC"]
    {'precision': 1.0, 'recall': 1.0, 'f1': 1.0, 'support': 1}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class NerF1(Picklable, evaluate.Metric):
    def _info(self) -> evaluate.MetricInfo:
        urls = ["https://aclanthology.org/2020.emnlp-main.590", "https://aclanthology.org/M93-1007"]
        return metric_info(_DESCRIPTION, _KWARGS_DESCRIPTION, ["predictions", "references"], urls)

    def _compute(
        self,
        predictions: list[list[str]],
        references: list[list[str]],
        do_context: object = None,
        do_entity: object = None,
        resamples: object = None,
        seed: object = None,
    ) -> dict[str, Any]:
        return ner_scores(references, predictions).to_dict()
