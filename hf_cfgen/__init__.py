"""Counterfactual data augmentation and causal diagnostics for named entity recognition.

The public names are loaded when they are first used: `import hf_cfgen` imports neither torch nor transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .causal import causal_effects
    from .data import load_ner_dataset
    from .discriminator import DiscriminatorPipeline
    from .entity_sets import EntitySets
    from .errors import CfgenError
    from .generator import Counterfactuals, generate_counterfactuals, mix
    from .hub import push_dataset, push_model
    from .intervention import CfgenConfig, Intervene
    from .judging import Discriminate
    from .models import LSTMTagger, LSTMTaggerConfig
    from .spans import Span, spans_to_tags, tags_to_spans

__version__ = "0.1.0"

_MODULE_OF = {
    "CfgenConfig": "intervention",
    "CfgenError": "errors",
    "Counterfactuals": "generator",
    "Discriminate": "judging",
    "DiscriminatorPipeline": "discriminator",
    "EntitySets": "entity_sets",
    "Intervene": "intervention",
    "LSTMTagger": "models",
    "LSTMTaggerConfig": "models",
    "Span": "spans",
    "causal_effects": "causal",
    "generate_counterfactuals": "generator",
    "load_ner_dataset": "data",
    "mix": "generator",
    "push_dataset": "hub",
    "push_model": "hub",
    "spans_to_tags": "spans",
    "tags_to_spans": "spans",
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
