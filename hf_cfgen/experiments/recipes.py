"""Recipes: how to make the rows that a tagger is trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from datasets import Dataset

from ..counterfactual.baselines import BASELINES, mention_replacement
from ..counterfactual.config import CfgenConfig
from ..errors import CfgenError, about
from ..utils.objects import import_object
from ..utils.values import from_values


@dataclass(kw_only=True)
class RecipeArguments:
    """How to make the rows that a tagger is trained on. Without options, it is trained on the observational examples.

    Args:
        recipe (`str`, *optional*): See `CfgenConfig`. Defaults to that of `CfgenConfig` if `k` is given.
        k (`int`, *optional*): Candidates per example, except under `"paper"`; 0 for no counterfactual examples.
        judge (`bool`, *optional*, defaults to `True`): Whether NoAug judges the candidates.
        as_many_as (`str`, *optional*): Without `judge`, the recipe that judges the same candidates; the number of
            candidates is the number that it keeps.
        context_dropout (`float` or `str`, *optional*, defaults to 0.0): See `TaggerTrainingArguments`. `"default"` is
            the default of `hf-cfgen run` for the model. NoAug has none.
        baseline (`str`, *optional*): Augmentation from the literature, one of `BASELINES`, or the import path
            of your own function, `"my_module:my_name"`, with the arguments `train`, `p`, `copies` and `seed`.
        p (`float`, *optional*): The probability of `baseline`.
        copies (`int`, *optional*): Rows that `baseline` makes of each sentence. Defaults to 1.

    Raises:
        CfgenError: Options contradict each other.
    """

    recipe: str | None = field(default=None)
    k: int | None = field(default=None)
    filter: str | None = field(default=None)
    judge: bool = field(default=True)
    as_many_as: str | None = field(default=None)
    context_dropout: float | Literal["default"] = field(default=0.0)
    baseline: str | None = field(default=None)
    p: float | None = field(default=None)
    copies: int | None = field(default=None)

    def __post_init__(self) -> None:
        if self.recipe not in (None, "varied", "budget") and self.k is not None:
            raise CfgenError(f"k is for varied and budget, not for {self.recipe}: leave it out")
        if self.counterfactual:
            self.config(seed=0)
        elif self.recipe or self.filter or not self.judge:
            raise CfgenError("k is 0 or not given, so there is nothing to judge or not: leave the others out")
        if self.as_many_as and self.judge:
            raise CfgenError("as_many_as is for candidates that nobody judges: add judge: false")
        if self.context_dropout != "default" and not 0 <= self.context_dropout < 1:
            raise CfgenError(f"context_dropout is {self.context_dropout}: give 0 or more, and less than 1")
        if self.baseline is None:
            if self.p is not None or self.copies is not None:
                raise CfgenError("p and copies are of a baseline: name one, or leave them out")
        elif self.baseline not in BASELINES and ":" not in self.baseline:
            names = ", ".join(BASELINES)
            raise CfgenError(f"unknown baseline {self.baseline!r}: choose one of {names}, or write my_module:my_name")
        elif self.counterfactual:
            raise CfgenError("a baseline makes rows of its own: leave k and recipe out")
        elif self.p is None or not 0 < self.p <= 1 or (self.copies is not None and self.copies < 1):
            raise CfgenError(f"p is {self.p} and copies {self.copies}: give p above 0, at most 1, and 1 copy or more")

    @property
    def counterfactual(self) -> bool:
        """Whether the tagger is also trained on counterfactual examples."""
        return bool(self.k) or (self.recipe is not None and self.k is None)

    def config(self, seed: int, scheme: str | None = None) -> CfgenConfig:
        """Return the options of the candidates."""
        given = {name: value for name in ("recipe", "k", "filter") if (value := getattr(self, name)) is not None}
        return CfgenConfig(**given, seed=seed, scheme=scheme)

    def augment(self, train: Dataset, seed: int, scheme: str | None = None) -> Dataset:
        """Return the rows of the baseline."""
        assert self.baseline is not None and self.p is not None, "there is a baseline"
        make = BASELINES.get(self.baseline) or import_object(self.baseline)
        if make is mention_replacement:  # the others leave tags where they are
            make = partial(make, scheme=scheme)
        return make(train, self.p, self.copies or 1, seed)

    @property
    def candidates(self) -> dict[str, Any]:
        """The options of the candidates, with defaults."""
        if not self.counterfactual:
            return {}
        config = self.config(seed=0)
        made: dict[str, Any] = {"recipe": config.recipe} | (
            {"k": config.k} if config.recipe in ("varied", "budget") else {}
        )
        return made | ({"filter": self.filter} if self.filter else {})

    def resolved(self) -> dict[str, Any]:
        """Return the options that matter, with defaults."""
        options = self.candidates | ({} if self.judge else {"judge": False})
        if self.baseline is not None:
            options |= {"baseline": self.baseline, "p": self.p, "copies": self.copies or 1}
        return options | ({"context_dropout": self.context_dropout} if self.context_dropout else {})


def resolve_recipes(recipes: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[RecipeArguments, dict[str, Any]]]:
    """Read named recipes.

    Args:
        recipes (`Mapping[str, Mapping[str, Any]]`): The options of each.

    Returns:
        `dict[str, tuple[RecipeArguments, dict]]`: By name the options as given, and the options that results record,
        in which `as_many_as` has the options of the recipe that it names.

    Raises:
        CfgenError: A value is not allowed, or options contradict each other.

    Example:

    >>> resolve_recipes({"none": {}, "varied": {"k": 5}})["varied"][1]
    {'recipe': 'varied', 'k': 5}
    """
    made: dict[str, RecipeArguments] = {}
    for name, options in recipes.items():
        with about(f"recipes: {name}"):
            made[name] = from_values(RecipeArguments, options)
    resolved = {}
    for name, arguments in made.items():
        options = arguments.resolved()
        if arguments.as_many_as is not None:
            other = made.get(arguments.as_many_as)
            if other is None or other.candidates != arguments.candidates or not other.judge:
                raise CfgenError(
                    f"recipes: {name}: as_many_as is {arguments.as_many_as!r}: name a recipe with the same candidates "
                    "that are judged"
                )
            options |= {"as_many_as": {arguments.as_many_as: other.candidates}}
        resolved[name] = arguments, options
    return resolved
