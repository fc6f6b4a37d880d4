"""Counterfactual data augmentation and causal diagnostics for named entity recognition.

The public names are loaded when they are first used: `import hf_cfgen` imports neither torch nor transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .causal.effects import causal_effects
    from .counterfactual.config import CfgenConfig
    from .counterfactual.discrimination import Discriminate
    from .counterfactual.entity_sets import EntitySets
    from .counterfactual.generation import Counterfactuals, generate_counterfactuals, mix
    from .counterfactual.intervention import Intervene
    from .data.loading import load_ner_dataset
    from .errors import CfgenError
    from .hub.push import push_dataset, push_model
    from .modeling.lstm import LSTMTagger, LSTMTaggerConfig
    from .modeling.pipeline import DiscriminatorPipeline
    from .tagging.spans import Span, spans_to_tags, tags_to_spans

__version__ = "0.1.0"

_MODULE_OF = {
    "CfgenConfig": "counterfactual.config",
    "CfgenError": "errors",
    "Counterfactuals": "counterfactual.generation",
    "Discriminate": "counterfactual.discrimination",
    "DiscriminatorPipeline": "modeling.pipeline",
    "EntitySets": "counterfactual.entity_sets",
    "Intervene": "counterfactual.intervention",
    "LSTMTagger": "modeling.lstm",
    "LSTMTaggerConfig": "modeling.lstm",
    "Span": "tagging.spans",
    "causal_effects": "causal.effects",
    "generate_counterfactuals": "counterfactual.generation",
    "load_ner_dataset": "data.loading",
    "mix": "counterfactual.generation",
    "push_dataset": "hub.push",
    "push_model": "hub.push",
    "spans_to_tags": "tagging.spans",
    "tags_to_spans": "tagging.spans",
}

__all__ = [
    "CfgenConfig",
    "CfgenError",
    "Counterfactuals",
    "Discriminate",
    "DiscriminatorPipeline",
    "EntitySets",
    "Intervene",
    "LSTMTagger",
    "LSTMTaggerConfig",
    "Span",
    "__version__",
    "causal_effects",
    "generate_counterfactuals",
    "load_ner_dataset",
    "mix",
    "push_dataset",
    "push_model",
    "spans_to_tags",
    "tags_to_spans",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
