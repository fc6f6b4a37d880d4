"""Average causal effects of context and entity, and RI, as an `evaluate` module over `hf_cfgen.tagging.scoring`."""

from typing import Any

import evaluate

from hf_cfgen.metrics.base import Picklable, metric_info
from hf_cfgen.tagging.scoring import causal_scores

_DESCRIPTION = """\
What a named-entity recognizer relies on, the entities or their context (Zeng et al. 2020). The average causal effect \
of context is ACE_C = F1(do(c0)) - F1, where do(c0) blanks every word outside the gold mentions; that of the entity \
is ACE_E = F1(do(e0)) - F1, where do(e0) blanks every word inside them; RI = ACE_C - ACE_E. At strict, relaxed and \
token level, micro and by type, each with a 95 % bootstrap interval over sentences. RI is a description, not a quality.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions (`list[list[str]]`): Tags predicted for the unchanged sentences, one list per sentence.
    references (`list[list[str]]`): Gold tags, of the same lengths as the predicted tags.
    do_context (`list[list[str]]`): Tags predicted under do(c0): every word outside a gold mention is [EMPTY].
    do_entity (`list[list[str]]`): Tags predicted under do(e0): every word of a gold mention is [EMPTY].
    resamples (`int`, *optional*, defaults to 1000): Number of bootstrap resamples of the sentences.
    seed (`int`, *optional*, defaults to 0): Seed of the resamples, used for all three predictions.

Returns:
    `dict`: For each level, `strict`, `relaxed` and `token`: `f1`, `f1_do_context`, `f1_do_entity`, `ace_c`, `ace_e`,
    `ri` (floats), `f1_interval`, `ace_c_interval`, `ace_e_interval`, `ri_interval` (lower and upper end, 95 %), and
    `by_type`, the same ten and `support` (the number of gold items) for each entity type.

Raises:
    `hf_cfgen.CfgenError` (a `ValueError`): Two sentences differ in length, or a tag does not belong to any scheme.

Examples:

    >>> from importlib.resources import files
    >>> import evaluate
    >>> ace_ri = evaluate.load(str(files("hf_cfgen") / "metrics" / "ace_ri"))
    >>> scores = ace_ri.compute(
    ...     predictions=[["B-PER", "I-PER", "O", "B-LOC"]],
    ...     references=[["B-PER", "I-PER", "O", "B-LOC"]],
    ...     do_context=[["B-PER", "I-PER", "O", "O"]],
    ...     do_entity=[["O", "O", "O", "O"]],
    ... )
    >>> strict = scores["strict"]
    >>> {name: round(strict[name], 4) for name in ("f1", "ace_c", "ace_e", "ri")}
    {'f1': 1.0, 'ace_c': -0.3333, 'ace_e': -1.0, 'ri': 0.6667}
    >>> {label: effects["ri"] for label, effects in strict["by_type"].items()}
    {'LOC': 0.0, 'PER': 1.0}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class AceRi(Picklable, evaluate.Metric):
    def _info(self) -> evaluate.MetricInfo:
        urls = ["https://aclanthology.org/2020.emnlp-main.590"]
        return metric_info(
            _DESCRIPTION, _KWARGS_DESCRIPTION, ["predictions", "references", "do_context", "do_entity"], urls
        )

    def _compute(
        self,
        predictions: list[list[str]],
        references: list[list[str]],
        do_context: list[list[str]],
        do_entity: list[list[str]],
        resamples: int = 1000,
        seed: int = 0,
    ) -> dict[str, dict[str, Any]]:
        return causal_scores(references, predictions, do_context, do_entity, resamples, seed).to_dict()
