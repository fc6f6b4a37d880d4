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
        recipe (`str`, *optional*, defaults to `"budget"`): `"budget"` or `"paper"`.
        k (`int`, *optional*, defaults to 5): Candidates per example of the budget recipe.
    """

    recipe: str = field(
        default="budget", metadata={"help": "Recipe: budget (k candidates per example) or paper (all)."}
    )
    k: int = field(default=5, metadata={"help": "Candidates per example of the budget recipe."})

    def recipe_config(self, seed: int = 0, scheme: str | None = None) -> CfgenConfig:
        """Return the options as a `CfgenConfig`."""
        return CfgenConfig(recipe=self.recipe, k=self.k, seed=seed, scheme=scheme)
