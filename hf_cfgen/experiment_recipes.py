"""The recipes that are compared: how the rows are made that a tagger is trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import CfgenError, about
from .intervention import CfgenConfig
from .options import OptionParser, as_options


@dataclass(kw_only=True)
class RecipeArguments:
    """How the rows that a cell's tagger is trained on are made; without an option they are the observational ones.

    Args:
        recipe (`str`, *optional*): See `CfgenConfig`; `"budget"` where only `k` is given.
        k (`int`, *optional*): Candidates an example under `"budget"`; 0 for no counterfactual examples.
        judge (`bool`, *optional*, defaults to `True`): Whether NoAug judges the candidates.
        as_many_as (`str`, *optional*): Without `judge`, the recipe with the same candidates that are judged; as many
            are taken as that one keeps.

    Raises:
        CfgenError: Options that contradict each other.
    """

    recipe: str | None = field(default=None)
    k: int | None = field(default=None)
    judge: bool = field(default=True)
    as_many_as: str | None = field(default=None)

    def __post_init__(self) -> None:
        if self.recipe == "paper" and self.k is not None:
            raise CfgenError("k is of the budget recipe, paper takes all candidates: leave it out")
        if self.counterfactual:
            self.config(seed=0)
        elif self.recipe or not self.judge:
            raise CfgenError("k is 0 or not given, so there is nothing to judge or not: leave the others out")
        if self.as_many_as and self.judge:
            raise CfgenError("as_many_as is for candidates that nobody judges: add judge: false")

    @property
    def counterfactual(self) -> bool:
        """Whether the tagger is trained on counterfactual examples, too."""
        return bool(self.k) or (self.recipe is not None and self.k is None)

    def config(self, seed: int, scheme: str | None = None) -> CfgenConfig:
        """How the candidates are made."""
        given = {name: value for name in ("recipe", "k") if (value := getattr(self, name)) is not None}
        return CfgenConfig(**given, seed=seed, scheme=scheme)

    def resolved(self) -> dict[str, Any]:
        """The options that matter, with the defaults of those that were not given."""
        if not self.counterfactual:
            return {}
        config = self.config(seed=0)
        made = {"recipe": config.recipe} | ({"k": config.k} if config.recipe == "budget" else {})
        return made if self.judge else made | {"judge": False}


def resolve_recipes(recipes: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[RecipeArguments, dict[str, Any]]]:
    """Read recipes by their names.

    Args:
        recipes (`Mapping[str, Mapping[str, Any]]`): The options of each.

    Returns:
        `dict[str, tuple[RecipeArguments, dict]]`: For each its options, and what there is to tell of them; there
        `as_many_as` has the options of the recipe that it names.

    Raises:
        CfgenError: A value is not allowed, or options contradict each other.

    Example:

    >>> resolve_recipes({"none": {}, "budget": {"k": 5}})["budget"][1]
    {'recipe': 'budget', 'k': 5}
    """
    parser = OptionParser((RecipeArguments,), "reproduce")
    made: dict[str, RecipeArguments] = {}
    for name, options in recipes.items():
        with about(f"recipes: {name}"):
            (made[name],) = parser.parse(as_options(options))
    resolved = {}
    for name, making in made.items():
        told = making.resolved()
        if making.as_many_as is not None:
            other = made.get(making.as_many_as)
            if other is None or {**other.resolved(), "judge": False} != told or not other.judge:
                raise CfgenError(
                    f"recipes: {name}: as_many_as is {making.as_many_as!r}: name a recipe with the same candidates "
                    "that are judged"
                )
            told |= {"as_many_as": {making.as_many_as: other.resolved()}}
        resolved[name] = making, told
    return resolved
