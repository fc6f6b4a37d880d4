"""Set preparation: the surface forms of each entity type."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datasets import Dataset, IterableDataset

from .columns import check_observational, tag_column, tag_names, tag_strings
from .errors import CfgenError
from .spans import tags_to_spans

Form = tuple[str, ...]


@dataclass(frozen=True)
class EntitySets:
    """The distinct surface forms of each entity type.

    Args:
        forms (`dict[str, tuple[tuple[str, ...], ...]]`): For each type, in alphabetical order, its surface forms as
            token tuples, in the order of their text, whatever the order of the rows they came from.
        counts (`dict[str, tuple[int, ...]]`): How often each form was seen, in the order of `forms`; 0 for forms that
            only the gazetteer has.
    """

    forms: dict[str, tuple[Form, ...]]
    counts: dict[str, tuple[int, ...]]

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset | IterableDataset,
        gazetteer: Mapping[str, Iterable[Sequence[str]]] | None = None,
    ) -> "EntitySets":
        """Collect the entity sets of a train split.

        Args:
            dataset (`Dataset` or `IterableDataset`): The train split, and no other: forms of dev or test would leak.
            gazetteer (`Mapping[str, Iterable[Sequence[str]]]`, *optional*): Further forms by type, as token lists.

        Returns:
            `EntitySets`: The sets.

        Raises:
            CfgenError: There is no mention at all, columns are missing or have the names of added ones, or the
                gazetteer has a type that the data lacks, or a form that is a string or empty.

        Example:

        >>> train = Dataset.from_dict({"tokens": [["Ada", "met", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"]]})
        >>> EntitySets.from_dataset(train).forms
        {'PER': (('Ada',), ('Bo',))}
        """
        check_observational(dataset)
        names = tag_names(dataset)
        found: dict[str, Counter[Form]] = {}
        for row in dataset:
            tokens = row["tokens"]
            for span in tags_to_spans(tag_strings(row["ner_tags"], names)):
                found.setdefault(span.label, Counter())[tuple(tokens[span.start : span.end])] += 1
        if not found:
            raise CfgenError("no mention in the train split: there is no entity set to swap from; label some mentions")
        for label, forms in (gazetteer or {}).items():
            if label not in found:
                raise CfgenError(f"gazetteer type {label!r} is not among the data's types {', '.join(sorted(found))}")
            for form in forms:
                if isinstance(form, str) or not form or not all(isinstance(token, str) for token in form):
                    raise CfgenError(f"gazetteer form {form!r} of type {label!r} is not a non-empty list of tokens")
                found[label].setdefault(tuple(form), 0)
        ordered = {label: dict(sorted(found[label].items())) for label in sorted(found)}
        return cls(
            forms={label: tuple(forms) for label, forms in ordered.items()},
            counts={label: tuple(forms.values()) for label, forms in ordered.items()},
        )

    @property
    def unswappable(self) -> tuple[str, ...]:
        """Types with one surface form only: there is nothing to swap it for."""
        return tuple(label for label, forms in self.forms.items() if len(forms) < 2)

    def check_swappable(self) -> None:
        """Check that there is something to swap.

        Raises:
            CfgenError: Every type has one surface form only.

        Example:

        >>> EntitySets({"PER": (("Ada",), ("Bo",))}, {"PER": (1, 1)}).check_swappable()
        """
        if len(self.unswappable) == len(self.forms):
            raise CfgenError(
                f"nothing to swap, every type has one surface form only ({', '.join(self.unswappable)}): give "
                "sentences with other mentions"
            )


def entity_types(splits: Mapping[str, Dataset]) -> list[str]:
    """The entity types that occur in some split.

    Args:
        splits (`Mapping[str, Dataset]`): The splits.

    Returns:
        `list[str]`: The types in alphabetical order.

    Example:

    >>> entity_types({"train": Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "B-PER"]]})})
    ['PER']
    """
    return sorted(
        {span.label for rows in splits.values() for tags in tag_column(rows) for span in tags_to_spans(tags)}
    )
