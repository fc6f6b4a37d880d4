"""Options for generating counterfactual examples, and the interfaces of recipes and filters of your own."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from ..errors import CfgenError
from ..tagging.spans import Span, check_scheme
from ..utils.objects import import_object

if TYPE_CHECKING:
    from .entity_sets import EntitySets

RecipeName = Literal["varied", "budget", "paper"]

RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)


class Example(TypedDict):
    """An observational example, as a recipe gets it. `mentions` are in the order of the text."""

    id: str
    tokens: list[str]
    mentions: list[Span]


# takes an example, the entity sets and a random generator; returns mentions, each with its new surface form
Recipe = Callable[[Example, "EntitySets", random.Random], Iterable[tuple[Span, Sequence[str]]]]

# takes a counterfactual row, with tags as strings; returns the reason to reject it, or `None` to keep it
Filter = Callable[[dict[str, Any]], str | None]


@dataclass(frozen=True)
class CfgenConfig:
    """The options for generating counterfactual examples.

    Args:
        recipe (`str` or `Callable`, *optional*, defaults to `"varied"`): `"varied"` draws `k` candidates per example:
            half replace one mention, half replace each mention with probability 0.7. `"budget"` draws `k` candidates
            per example that replace one mention. `"paper"` replaces one random mention per example by every other form
            of its type, as in Zeng et al. (2020). Or your own function, or its import path `"my_module:my_recipe"`: it
            takes an example (a dictionary of `id`, `tokens`, and `mentions`), the `EntitySets`, and a `random.Random`
            that depends only on the seed and the id. It returns pairs of a mention and the surface form that replaces
            it.
        k (`int`, *optional*, defaults to 10): Candidates per example under `"varied"` and `"budget"`.
        seed (`int`, *optional*, defaults to 42): Seed of the draws.
        scheme (`str`, *optional*): The tagging scheme of the data. Detected if omitted.
        filter (`str` or `Callable`, *optional*): Your own function, or its import path `"my_module:my_filter"`. It
            takes each candidate that the discriminator accepts, as a dictionary with tags as strings. It returns the
            reason to reject the candidate, or `None` to keep it.

    Raises:
        CfgenError: A value is invalid, or a function cannot be imported.

    Example:

    >>> CfgenConfig(k=3).recipe
    'varied'
    """

    recipe: str | Recipe = "varied"
    k: int = 10
    seed: int = 42
    scheme: str | None = None
    filter: str | Filter | None = None

    def __post_init__(self) -> None:
        if isinstance(self.recipe, str) and self.recipe not in RECIPES and ":" not in self.recipe:
            raise CfgenError(
                f"unknown recipe {self.recipe!r}: choose one of {', '.join(RECIPES)}, or write my_module:my_recipe"
            )
        if not isinstance(self.k, int) or self.k < 1:
            raise CfgenError(f"k is {self.k!r}: give a number of candidates per example, at least 1")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise CfgenError(f"seed is {self.seed!r}: give an integer of at least 0")
        if self.scheme is not None:
            object.__setattr__(self, "scheme", check_scheme(self.scheme))
        self.custom_recipe()
        self.custom_filter()

    def custom_recipe(self) -> Recipe | None:
        """Return the user's recipe; `None` for a recipe of this package."""
        if isinstance(self.recipe, str):
            return None if self.recipe in RECIPES else import_object(self.recipe)
        return self.recipe

    def custom_filter(self) -> Filter | None:
        """Return the user's filter, if there is one."""
        return import_object(self.filter) if isinstance(self.filter, str) else self.filter
