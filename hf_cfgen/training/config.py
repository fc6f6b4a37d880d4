"""Options for the tagger and its training."""

import copy
import math
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from transformers import PreTrainedConfig, TrainingArguments
from transformers.trainer_pt_utils import AcceleratorConfig

from ..errors import CfgenError
from ..modeling.create import pretrained_config
from ..modeling.lstm import LSTMTaggerConfig

EVALUATIONS = 12

_SMALL = 512  # dimensions of a transformer

# every comparison uses the best of 12 evaluations by strict F1; only hf_cfgen itself pushes to the Hub
_FIXED = {
    "eval_strategy": ("no",),
    "save_strategy": ("best",),
    "load_best_model_at_end": (True,),
    "metric_for_best_model": ("strict_f1",),
    "greater_is_better": (None, True),
    "prediction_loss_only": (False,),
    "batch_eval_metrics": (False,),
    "eval_do_concat_batches": (True,),
    "dataloader_drop_last": (False,),  # otherwise it drops dev sentences
    "resume_from_checkpoint": (None,),
    "push_to_hub": (False,),
}

# values that TrainingArguments derives from its defaults
_DERIVED = {
    "accelerator_config": {
        name: value for name, value in AcceleratorConfig().to_dict().items() if name != "use_configured_state"
    },
    "activation_checkpointing": False,
    "debug": [],
    "gradient_checkpointing": False,
    "greater_is_better": True,
}


@dataclass
class TaggerTrainingArguments(TrainingArguments):
    """Set `TrainingArguments` for taggers: a fixed number of steps, and the best of 12 evaluations on dev.

    Args:
        max_steps (`int`, *optional*): Optimizer steps, the same for all compared recipes. Defaults to those of
            `default_training`.
        learning_rate (`float`, *optional*): Defaults to that of `default_training`.
        lr_scheduler_type (`str`, *optional*, defaults to `"linear"`): How the learning rate changes.
        warmup_steps (`float`, *optional*, defaults to 0.1): The share, or the number, of steps in which the learning
            rate rises.
        per_device_train_batch_size (`int`, *optional*, defaults to 16): Sentences or windows per step.
        per_device_eval_batch_size (`int`, *optional*, defaults to 64): Sentences or windows per forward pass.
        dataloader_pin_memory (`bool`, *optional*, defaults to `False`): Useful for large models on a GPU.
        logging_strategy (`str`, *optional*, defaults to `"no"`): When to log the training loss.
        save_strategy (`str`, *optional*, defaults to `"best"`): When to save a checkpoint: at each new best.
        save_only_model (`bool`, *optional*, defaults to `True`): Exclude the optimizer state from checkpoints.
        save_total_limit (`int`, *optional*, defaults to 1): Checkpoints kept on disk.
        load_best_model_at_end (`bool`, *optional*, defaults to `True`): End with the best evaluation's weights.
        metric_for_best_model (`str`, *optional*, defaults to `"strict_f1"`): The metric that selects the best weights.
        context_dropout (`float`, *optional*): Probability that a word outside a mention is set to [EMPTY], sampled
            for every batch; see `hf_cfgen.training.trainer`. If omitted, 0; `hf-cfgen run` has its own default.
        ema_decay (`float`, *optional*, defaults to 0.99): Decay per step of the exponential moving average of the
            weights, which is evaluated and saved in place of the weights; see `WeightAveraging`. 0 for none.

    Raises:
        CfgenError: An option conflicts with the fixed training procedure or is out of range.
    """

    max_steps: int = field(
        default=-1, metadata={"help": "Optimizer steps, the same for every tagger; 1200 for an LSTM, 720 for others."}
    )
    learning_rate: float | None = field(
        default=None, metadata={"help": "1e-2 for an LSTM, 2e-4 for a small transformer, 5e-5 for others."}
    )
    lr_scheduler_type: str = field(default="linear", metadata={"help": "How the learning rate changes."})
    warmup_steps: float = field(default=0.1, metadata={"help": "Steps, or their share, in which the rate rises."})
    per_device_train_batch_size: int = field(default=16, metadata={"help": "Sentences per step."})
    per_device_eval_batch_size: int = field(default=64, metadata={"help": "Sentences per forward pass."})
    dataloader_pin_memory: bool = field(default=False, metadata={"help": "Pin memory; for large models on a GPU."})
    logging_strategy: str = field(default="no", metadata={"help": "When the training loss is logged."})
    save_strategy: str = field(default="best", metadata={"help": "A checkpoint for each new best evaluation."})
    save_only_model: bool = field(default=True, metadata={"help": "Leave the optimizer out of checkpoints."})
    save_total_limit: int | None = field(default=1, metadata={"help": "Checkpoints kept on disk."})
    load_best_model_at_end: bool = field(default=True, metadata={"help": "End with the best weights."})
    metric_for_best_model: str | None = field(default="strict_f1", metadata={"help": "What best means on dev."})
    context_dropout: float | None = field(
        default=None, metadata={"help": "Probability that a word outside mentions is [EMPTY] in a batch."}
    )
    ema_decay: float = field(default=0.99, metadata={"help": "Decay of the moving average of the weights; 0: none."})

    def __post_init__(self) -> None:
        for name, allowed in _FIXED.items():
            if getattr(self, name) not in allowed:
                raise CfgenError(f"--{name} is {getattr(self, name)!r}: training needs {allowed[0]!r}, leave it out")
        for name in ("max_steps", "per_device_train_batch_size", "gradient_accumulation_steps"):
            if getattr(self, name) < 1 and (name, getattr(self, name)) != ("max_steps", -1):
                raise CfgenError(f"--{name} is {getattr(self, name)}: give at least 1")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise CfgenError(f"--learning_rate is {self.learning_rate}: give a positive number")
        if self.context_dropout is not None and not 0 <= self.context_dropout < 1:
            raise CfgenError(f"--context_dropout is {self.context_dropout}: give 0 or more, and less than 1")
        if not 0 <= self.ema_decay < 1:
            raise CfgenError(f"--ema_decay is {self.ema_decay}: give 0 or more, and less than 1")
        super().__post_init__()


@dataclass(frozen=True)
class TrainingDefaults:
    """The default options for one kind of model.

    They were chosen on dev of CLUENER, IDiag and WNUT-17: steps and rate with NoAug only, then the context dropout of
    Aug. The rate of large transformers is the usual one and was not measured.

    Args:
        max_steps (`int`): Optimizer steps.
        learning_rate (`float`): The largest learning rate.
        context_dropout (`float`): The context dropout of taggers that are trained on counterfactual examples.
    """

    max_steps: int
    learning_rate: float
    context_dropout: float


def default_training(config: PreTrainedConfig) -> TrainingDefaults:
    """Return the default options for a model: an LSTMTagger, a transformer of fewer than 512 dimensions, or another.

    Example:

    >>> default_training(LSTMTaggerConfig())
    TrainingDefaults(max_steps=1200, learning_rate=0.01, context_dropout=0.2)
    """
    if isinstance(config, LSTMTaggerConfig):
        return TrainingDefaults(max_steps=1200, learning_rate=1e-2, context_dropout=0.2)
    is_small = getattr(config, "hidden_size", _SMALL) < _SMALL
    return TrainingDefaults(max_steps=720, learning_rate=2e-4 if is_small else 5e-5, context_dropout=0.0)


def with_defaults(training: TaggerTrainingArguments, defaults: TrainingDefaults) -> TaggerTrainingArguments:
    """Return a copy of the options that has the default steps and learning rate of a model if none are given."""
    training = copy.copy(training)
    if training.learning_rate is None:
        training.learning_rate = defaults.learning_rate
    if training.max_steps == -1:
        training.max_steps = defaults.max_steps
    return training


def result_options(training: TaggerTrainingArguments) -> dict[str, Any]:
    """Return the options that can change the results.

    Args:
        training (`TaggerTrainingArguments`): The options.

    Returns:
        `dict[str, Any]`: Their values by name.
    """
    ignored = ("output_dir", "run_name", "disable_tqdm", "report_to", "log", "project", "trackio", "hub", "push")
    return {name: value for name, value in training.to_dict().items() if not name.startswith(ignored)}


def changed_options(training: TaggerTrainingArguments) -> dict[str, Any]:
    """Return the options of `result_options` that differ from their defaults.

    Does not create another `TrainingArguments`, which would reset the state of distributed training.

    Args:
        training (`TaggerTrainingArguments`): The options.

    Returns:
        `dict[str, Any]`: Their values by name.
    """
    defaults = {
        option.name: option.default if option.default_factory is MISSING else option.default_factory()
        for option in fields(training)
    }
    return {
        name: value
        for name, value in result_options(training).items()
        if value != defaults[name] and value != _DERIVED.get(name, defaults[name])
    }


@dataclass(kw_only=True)
class ModelOptions:
    """Choose the tagger to train.

    Args:
        model (`str`, *optional*, defaults to `"lstm"`): `"lstm"`, `"lstm-paper"` (2 layers of 512 units, no CRF), or
            the folder or Hub name of a pretrained transformer.
        num_layers (`int`, *optional*): LSTM layers, or first transformer layers to keep.
        hidden_size (`int`, *optional*): LSTM units per direction.
        dropout (`float`, *optional*): Dropout of the LSTM.
        vectors (`str`, *optional*): Pretrained vectors for the LSTM.
        freeze_embeddings (`bool`, *optional*, defaults to `True`): Whether to keep pretrained vectors fixed.
        crf (`bool`, *optional*, defaults to `True`): Whether the LSTM has a CRF. `"lstm-paper"` has none.
    """

    model: str = field(
        default="lstm", metadata={"help": "Tagger: lstm, lstm-paper (2x512), or the folder or name of a transformer."}
    )
    num_layers: int | None = field(default=None, metadata={"help": "LSTM layers, or first layers to keep."})
    hidden_size: int | None = field(default=None, metadata={"help": "Units of the LSTM in each direction."})
    dropout: float | None = field(default=None, metadata={"help": "Dropout of the LSTM."})
    vectors: str | None = field(default=None, metadata={"help": "Pretrained vectors: word2vec text or binary."})
    freeze_embeddings: bool = field(default=True, metadata={"help": "Do not train pretrained vectors."})
    crf: bool = field(default=True, metadata={"help": "Give the LSTM a CRF; lstm-paper has none."})

    def __post_init__(self) -> None:
        for option, low, high in (("hidden_size", 1, 10**5), ("num_layers", 1, 10**3), ("dropout", 0, 0.99)):
            value = getattr(self, option)
            if value is not None and not low <= value <= high:
                raise CfgenError(f"--{option} is {value}: give {low} to {high}")
        if self.is_lstm:
            return
        for entry in fields(ModelOptions):
            if entry.name not in ("model", "num_layers") and getattr(self, entry.name) != entry.default:
                raise CfgenError(f"--{entry.name} applies only to the LSTM: remove it, or use --model lstm")

    @property
    def is_lstm(self) -> bool:
        """Return whether the model is an LSTMTagger."""
        return self.model in ("lstm", "lstm-paper")

    def training_defaults(self) -> TrainingDefaults:
        """Return the default options of training for the model; a `CfgenError` says if there is no such model."""
        return default_training(LSTMTaggerConfig() if self.is_lstm else pretrained_config(self.model))
