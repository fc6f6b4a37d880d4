"""Options for generating counterfactual examples."""

from dataclasses import dataclass

from ..errors import CfgenError
from ..tagging.spans import check_scheme

RECIPES = ("budget", "paper")


@dataclass(frozen=True)
class CfgenConfig:
    """The options for generating counterfactual examples.

    Args:
        recipe (`str`, *optional*, defaults to `"budget"`): `"budget"` draws `k` candidates per example. `"paper"`
            replaces one random mention per example by every other form of its type, as in Zeng et al. (2020).
        k (`int`, *optional*, defaults to 5): Candidates per example under `"budget"`.
        seed (`int`, *optional*, defaults to 42): Seed of the draws.
        scheme (`str`, *optional*): The tagging scheme of the data. Detected if omitted.

    Raises:
        CfgenError: A value is invalid.

    Example:

    >>> CfgenConfig(k=3).recipe
    'budget'
    """

    recipe: str = "budget"
    k: int = 5
    seed: int = 42
    scheme: str | None = None

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise CfgenError(f"unknown recipe {self.recipe!r}: choose one of {', '.join(RECIPES)}")
        if not isinstance(self.k, int) or self.k < 1:
            raise CfgenError(f"k is {self.k!r}: give a number of candidates an example, at least 1")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise CfgenError(f"seed is {self.seed!r}: give an integer of at least 0")
        if self.scheme is not None:
            object.__setattr__(self, "scheme", check_scheme(self.scheme))
