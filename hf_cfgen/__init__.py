"""Counterfactual data augmentation and causal diagnostics for named entity recognition.

The public names are loaded when they are first used: `import hf_cfgen` imports neither torch nor transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .causal.effects import causal_effects
    from .counterfactual.config import CfgenConfig
    from .counterfactual.counts import GenerationCounts, TypeCounts
    from .counterfactual.discrimination import Discriminate
    from .counterfactual.entity_sets import EntitySets
    from .counterfactual.generation import Counterfactuals, generate_counterfactuals, mix
    from .counterfactual.intervention import Intervene
    from .counterfactual.train_split import TrainSplit
    from .data.formats import Format, TextRecord, WordRecord, register_format
    from .data.loading import load_ner_dataset
    from .errors import CfgenError
    from .evaluation.diagnosis import Diagnosis, diagnose
    from .evaluation.run_result import Evaluation
    from .evaluation.scores import evaluate_tagger
    from .hub.push import push_dataset, push_model
    from .modeling.lstm import LSTMTagger, LSTMTaggerConfig
    from .modeling.pipeline import DiscriminatorPipeline
    from .tagging.scoring import CausalEffects, TaggerScores, causal_scores, ner_scores
    from .tagging.spans import Span, spans_to_tags, tags_to_spans
    from .training.config import TaggerTrainingArguments
    from .training.trainer import TaggerTrainer


__version__ = "0.1.0"

_MODULE_OF = {
    "CausalEffects": "tagging.scoring",
    "CfgenConfig": "counterfactual.config",
    "CfgenError": "errors",
    "Counterfactuals": "counterfactual.generation",
    "Diagnosis": "evaluation.diagnosis",
    "Discriminate": "counterfactual.discrimination",
    "DiscriminatorPipeline": "modeling.pipeline",
    "EntitySets": "counterfactual.entity_sets",
    "Evaluation": "evaluation.run_result",
    "Format": "data.formats",
    "GenerationCounts": "counterfactual.counts",
    "Intervene": "counterfactual.intervention",
    "LSTMTagger": "modeling.lstm",
    "LSTMTaggerConfig": "modeling.lstm",
    "Span": "tagging.spans",
    "TaggerScores": "tagging.scoring",
    "TaggerTrainer": "training.trainer",
    "TaggerTrainingArguments": "training.config",
    "TextRecord": "data.formats",
    "TrainSplit": "counterfactual.train_split",
    "TypeCounts": "counterfactual.counts",
    "WordRecord": "data.formats",
    "causal_effects": "causal.effects",
    "causal_scores": "tagging.scoring",
    "diagnose": "evaluation.diagnosis",
    "evaluate_tagger": "evaluation.scores",
    "generate_counterfactuals": "counterfactual.generation",
    "load_ner_dataset": "data.loading",
    "mix": "counterfactual.generation",
    "ner_scores": "tagging.scoring",
    "push_dataset": "hub.push",
    "push_model": "hub.push",
    "register_format": "data.formats",
    "spans_to_tags": "tagging.spans",
    "tags_to_spans": "tagging.spans",
}

__all__ = [
    "CausalEffects",
    "CfgenConfig",
    "CfgenError",
    "Counterfactuals",
    "Diagnosis",
    "Discriminate",
    "DiscriminatorPipeline",
    "EntitySets",
    "Evaluation",
    "Format",
    "GenerationCounts",
    "Intervene",
    "LSTMTagger",
    "LSTMTaggerConfig",
    "Span",
    "TaggerScores",
    "TaggerTrainer",
    "TaggerTrainingArguments",
    "TextRecord",
    "TrainSplit",
    "TypeCounts",
    "WordRecord",
    "__version__",
    "causal_effects",
    "causal_scores",
    "diagnose",
    "evaluate_tagger",
    "generate_counterfactuals",
    "load_ner_dataset",
    "mix",
    "ner_scores",
    "push_dataset",
    "push_model",
    "register_format",
    "spans_to_tags",
    "tags_to_spans",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
