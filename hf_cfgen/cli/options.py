"""Options that `run` and `augment` share."""

from dataclasses import dataclass, field

from ..counterfactual.config import CfgenConfig

# the options of training that --help shows
TRAINING = (
    "max_steps",
    "learning_rate",
    "per_device_train_batch_size",
    "per_device_eval_batch_size",
    "seed",
    "use_cpu",
)
TEXTS = {
    "seed": "Seed of the train sample, the candidates and the training.",
    "use_cpu": "Use the CPU even if there is a GPU.",
    "output_dir": "Folder to write to; runs/<dataset> if omitted.",
}


@dataclass(kw_only=True)
class RecipeOptions:
    """How counterfactual examples are made; see `CfgenConfig`.

    Args:
        recipe (`str`, *optional*, defaults to `"varied"`): `"varied"`, `"budget"`, `"paper"`, or the import path of a
            function.
        k (`int`, *optional*, defaults to 10): Candidates per example, except under `"paper"`.
        filter (`str`, *optional*): The import path of a function that rejects candidates.
    """

    recipe: str = field(
        default="varied",
        metadata={"help": "varied, budget (one mention per candidate), paper, or your own: my_module:my_recipe."},
    )
    k: int = field(default=10, metadata={"help": "Candidates per example of varied and budget."})
    filter: str | None = field(default=None, metadata={"help": "Your own filter of candidates: my_module:my_filter."})

    def recipe_config(self, seed: int = 0, scheme: str | None = None) -> CfgenConfig:
        """Return the options as a `CfgenConfig`."""
        return CfgenConfig(self.recipe, self.k, seed, scheme, self.filter)
