"""Entity intervention: replace a mention by another surface form of its type, as a `datasets.map` transform."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from datasets import Dataset, IterableDataset

from .columns import check_lengths, check_observational, tag_column, tag_names, tag_strings
from .draws import derived, row_keys, shuffled
from .entity_sets import EntitySets, Form
from .errors import CfgenError
from .spans import Span, check_scheme, detect_scheme, spans_to_tags, tags_to_spans

logger = logging.getLogger(__name__)

RECIPES = ("budget", "paper")
_VERSION = 3  # raise with every change of the rows drawn: the datasets cache does not see edits of this module
_TEXT_COLUMNS = ("text", "sentence", "raw_text")


@dataclass(frozen=True)
class CfgenConfig:
    """How counterfactual examples are made.

    Args:
        recipe (`str`, *optional*, defaults to `"budget"`): `"budget"` draws `k` candidates an example; `"paper"` takes
            one random mention an example and every other form of its type, as Zeng et al. (2020) do.
        k (`int`, *optional*, defaults to 5): Candidates an example under `"budget"`.
        seed (`int`, *optional*, defaults to 42): Seed of the draws.
        scheme (`str`, *optional*): The tagging scheme of the data; detected where it is not named.

    Raises:
        CfgenError: A value is not allowed.

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


@dataclass(frozen=True)
class Intervene:
    """The transform from observational examples to candidate counterfactual examples.

    Call it through `dataset.map(intervene, batched=True, remove_columns=dataset.column_names,
    features=counterfactual_features(dataset))`. Every draw depends on the seed and the row's `id` alone, so that the
    rows are the same for any batch size, number of processes and order of the shards.

    Args:
        entity_sets (`EntitySets`): The surface forms to swap in.
        config (`CfgenConfig`): The recipe.
        scheme (`str`): The tagging scheme in which labels are laid out again.
        names (`tuple[str, ...]` or `None`): The names of an integer `ner_tags` column.
        stale_columns (`tuple[str, ...]`): Columns that a swap makes false; null on counterfactual rows.
        version (`int`): Of this code, not to be given; it is there for the datasets cache.
    """

    entity_sets: EntitySets
    config: CfgenConfig
    scheme: str
    names: tuple[str, ...] | None = None
    stale_columns: tuple[str, ...] = ()
    version: int = field(default_factory=lambda: _VERSION, init=False)

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset | IterableDataset,
        config: CfgenConfig | None = None,
        entity_sets: EntitySets | None = None,
    ) -> "Intervene":
        """Make the transform for a train split.

        Args:
            dataset (`Dataset` or `IterableDataset`): The train split, with columns `id`, `tokens`, `ner_tags`.
            config (`CfgenConfig`, *optional*): The recipe; the default one where it is not given.
            entity_sets (`EntitySets`, *optional*): The sets; those of the data set where they are not given.

        Raises:
            CfgenError: Columns are missing or have the names of added ones, the data has no mention, or its tags fit
                no one scheme or not the one named.

        Example:

        >>> rows = {"id": ["a"], "tokens": [["Ada", "met", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"]]}
        >>> intervene = Intervene.from_dataset(Dataset.from_dict(rows), CfgenConfig(k=1))
        >>> intervene(rows)["id"], intervene(rows)["tokens"]
        (['a#0'], [['Ada', 'met', 'Ada']])
        """
        check_observational(dataset, ("id", "tokens", "ner_tags"))
        config = config or CfgenConfig()
        entity_sets = entity_sets or EntitySets.from_dataset(dataset)
        names = tag_names(dataset)
        scheme = config.scheme or detect_scheme(tag_column(dataset), names or ())
        if config.scheme:
            _check_scheme_of(dataset, config.scheme)
        stale = stale_columns(dataset)
        if entity_sets.unswappable:
            logger.warning("types with one surface form, nothing to swap: %s", ", ".join(entity_sets.unswappable))
        return cls(entity_sets, config, scheme, names, stale)

    def __call__(self, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Turn a batch of observational rows into the batch of their candidates.

        Args:
            batch (`dict[str, list]`): Columns of observational rows.

        Returns:
            `dict[str, list]`: The same columns and those of `COUNTERFACTUAL_FEATURES`, a row a candidate.
        """
        columns: dict[str, list[Any]] = {
            name: [] for name in (*batch, "source_id", "is_counterfactual", "replaced", "score", "reason")
        }
        carried = [name for name in batch if name not in ("id", "tokens", "ner_tags")]
        for row_id, tokens, tags in zip(batch["id"], batch["tokens"], batch["ner_tags"]):
            check_lengths(f"row {row_id}", len(tokens), len(tags))
        mentions = [tags_to_spans(tag_strings(tags, self.names)) for tags in batch["ner_tags"]]
        drawn = self._draw(list(map(str, batch["id"])), batch["tokens"], mentions)
        for row, (row_id, tokens, spans) in enumerate(zip(batch["id"], batch["tokens"], mentions)):
            for j, (span, form) in enumerate(drawn[row]):
                new_tokens, new_spans, position = replace_mention(tokens, spans, span, form)
                replaced = new_spans[position]
                values = {
                    "id": f"{row_id}#{j}",
                    "tokens": new_tokens,
                    "ner_tags": laid_out(new_spans, len(new_tokens), self.scheme, self.names),
                    "source_id": str(row_id),
                    "is_counterfactual": True,
                    "replaced": [
                        {
                            "start": replaced.start,
                            "end": replaced.end,
                            "label": span.label,
                            "original": list(tokens[span.start : span.end]),
                            "replacement": list(form),
                        }
                    ],
                    "score": None,
                    "reason": None,
                }
                values |= {name: None if name in self.stale_columns else batch[name][row] for name in carried}
                for name, value in values.items():
                    columns[name].append(value)
        return columns

    def _draw(
        self, ids: Sequence[str], sentences: Sequence[Sequence[str]], spans: Sequence[Sequence[Span]]
    ) -> list[list[tuple[Span, Form]]]:
        """For each row the mentions to replace, each with the form to swap in."""
        keys = row_keys(self.config.seed, ids)
        mentions = [[s for s in row if self._others(s, tokens)] for row, tokens in zip(spans, sentences)]
        rows = [row for row, found in enumerate(mentions) if found]
        sizes = np.array([len(mentions[row]) for row in rows], dtype=np.int64)
        order = shuffled(derived(keys[rows], 0), sizes, sizes.max(initial=0))
        for row, places in zip(rows, order.tolist()):
            mentions[row] = [mentions[row][place] for place in places[: len(mentions[row])]]
        if self.config.recipe == "paper":
            return [
                [(span, form) for span in found[:1] for form in self.entity_sets.forms[span.label] if form != own]
                for found, tokens in zip(mentions, sentences)
                for own in [tuple(tokens[found[0].start : found[0].end]) if found else ()]
            ]
        # forms come in a uniformly random order, so that every form of a type is as likely, seen once or often
        labels = list(self.entity_sets.forms)
        pairs = [(row, labels.index(label)) for row in rows for label in {span.label: 0 for span in mentions[row]}]
        sizes = np.array([len(self.entity_sets.forms[labels[i]]) for _, i in pairs], dtype=np.int64)
        of_pairs = derived(keys[[row for row, _ in pairs]], np.array([i for _, i in pairs], dtype=np.int64) + 1)
        # one more than k: k - 1 forms may be used already and one be the mention's own text
        drawn = shuffled(of_pairs, sizes, min(self.config.k + 1, sizes.max(initial=0)))
        forms: list[dict[str, list[Form]]] = [{} for _ in ids]
        for (row, i), places in zip(pairs, drawn.tolist()):
            forms[row][labels[i]] = [self.entity_sets.forms[labels[i]][place] for place in places if place >= 0]
        return [
            list(self._draw_budget(tokens, found, of_row)) for tokens, found, of_row in zip(sentences, mentions, forms)
        ]

    def _others(self, span: Span, tokens: Sequence[str]) -> bool:
        """Whether the sets have a form of the span's type that is not its own text."""
        forms = self.entity_sets.forms.get(span.label, ())
        return len(forms) > 1 or (len(forms) == 1 and forms[0] != tuple(tokens[span.start : span.end]))

    def _draw_budget(
        self, tokens: Sequence[str], mentions: list[Span], order: dict[str, list[Form]]
    ) -> Iterator[tuple[Span, Form]]:
        """Up to k pairs: mentions in turn, and for each the next form of its type that the row has not used yet."""
        k = self.config.k
        used: set[tuple[str, Form]] = set()
        pairs: set[tuple[Span, Form]] = set()
        while mentions and len(pairs) < k:
            for span in list(mentions):
                own = tuple(tokens[span.start : span.end])
                left = [form for form in order[span.label] if form != own and (span, form) not in pairs]
                if not left:
                    mentions.remove(span)
                elif len(pairs) < k:
                    form = next((form for form in left if (span.label, form) not in used), left[0])
                    used.add((span.label, form))
                    pairs.add((span, form))
                    yield span, form


def replace_mention(
    tokens: Sequence[str], spans: Sequence[Span], span: Span, form: Sequence[str]
) -> tuple[list[str], list[Span], int]:
    """Replace one mention and move those behind it.

    Args:
        tokens (`Sequence[str]`): The words.
        spans (`Sequence[Span]`): All mentions, in order.
        span (`Span`): The one to replace.
        form (`Sequence[str]`): Its new words.

    Returns:
        `tuple[list[str], list[Span], int]`: The new words, the new mentions, and the position among them of the
        replaced one.

    Example:

    >>> replace_mention(["in", "Rome", "now"], [Span(1, 2, "LOC")], Span(1, 2, "LOC"), ["New", "York"])
    (['in', 'New', 'York', 'now'], [Span(start=1, end=3, label='LOC')], 0)
    """
    shift = len(form) - (span.end - span.start)
    position = spans.index(span)
    moved = [Span(other.start + shift, other.end + shift, other.label) for other in spans[position + 1 :]]
    return (
        [*tokens[: span.start], *form, *tokens[span.end :]],
        [*spans[:position], Span(span.start, span.end + shift, span.label), *moved],
        position,
    )


def laid_out(spans: Sequence[Span], length: int, scheme: str, names: Sequence[str] | None) -> list[Any]:
    """The `ner_tags` of a row.

    Args:
        spans (`Sequence[Span]`): Its mentions.
        length (`int`): Its number of words.
        scheme (`str`): The tagging scheme.
        names (`Sequence[str]` or `None`): What `tag_names` returned.

    Returns:
        `list[int]` or `list[str]`: One tag a word.

    Raises:
        CfgenError: The names lack a tag.

    Example:

    >>> laid_out([Span(1, 3, "LOC")], 3, "IOB2", ["O", "B-LOC", "I-LOC"])
    [0, 1, 2]
    """
    tags = spans_to_tags(spans, length, scheme)
    if names is None:
        return tags
    try:
        return [names.index(tag) for tag in tags]
    except ValueError:
        missing = sorted(set(tags) - set(names))
        raise CfgenError(
            f"the ner_tags column has no label {', '.join(missing)}, which {scheme} needs for a swapped mention: add "
            "it to the names of the ClassLabel"
        ) from None


def stale_columns(dataset: Dataset | IterableDataset) -> tuple[str, ...]:
    """Columns that a swap makes false, with a warning that they are null on counterfactual rows.

    They are lists as long as the tokens in every row that has one, lists of objects, which are spans as a rule, and
    the text.

    Args:
        dataset (`Dataset` or `IterableDataset`): Observational examples.

    Returns:
        `tuple[str, ...]`: Their names.

    Example:

    >>> stale_columns(Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "O"]], "pos": [["UH", "NNP"]]}))
    ('pos',)
    """
    features = dataset.features or dict.fromkeys(next(iter(dataset), {}))
    others = [name for name in features if name not in ("id", "tokens", "ner_tags")]
    if not others:
        return ()
    found: set[str] = set()  # aligned, or equal to the text, in one row at least
    failed: set[str] = set()  # and in no row otherwise
    for row in dataset.with_format(None) if isinstance(dataset, Dataset) else dataset:
        joined = "".join("".join(row["tokens"]).split())
        for name in others:
            value = row[name]
            if value is None or value == []:
                continue
            if isinstance(value, list):
                same = len(value) == len(row["tokens"]) or all(isinstance(item, dict) for item in value)
            else:
                same = isinstance(value, str) and "".join(value.split()) == joined
            (found if same else failed).add(name)
    stale = tuple(name for name in others if name in found - failed or name in _TEXT_COLUMNS)
    if stale:
        logger.warning("null on counterfactual rows, since a swap makes them false: %s", ", ".join(stale))
    return stale


def _check_scheme_of(dataset: Dataset | IterableDataset, scheme: str) -> None:
    """Tags B and I may be read leniently, as IOB1 or IOB2; data of another scheme must be laid out in it."""
    if scheme in ("IOB1", "IOB2"):
        return
    for row, tags in enumerate(tag_column(dataset)):
        laid_out = spans_to_tags(tags_to_spans(tags), len(tags), scheme)
        if laid_out != tags:
            word = next(i for i, (ours, theirs) in enumerate(zip(laid_out, tags)) if ours != theirs)
            raise CfgenError(
                f"record {row}, word {word}: the tag is {tags[word]} where {scheme} has {laid_out[word]}: name the "
                "scheme of the data, or none, to have it detected"
            )
