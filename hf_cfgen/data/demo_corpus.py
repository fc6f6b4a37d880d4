"""The embedded demo corpus: a few hundred sentences from a known structural causal model (SCM).

The equations are those of Zeng et al. (EMNLP 2020, section 2.2), one function each:

    g := f_G(U_G)        the setting: coast, city or mountain    [`sample_confounder`]
    e := f_E(g, U_E)     the mentions: surface forms and types   [`sample_entities`]
    c := f_C(g, U_C)     the context: a template with slots      [`sample_context`]
    x := f_X(e, c)       the tagged sentence                     [`compose`]

**Confounding.** In `train` and `validation`, one g causes both e and c, so they are correlated although neither causes
the other. A name alone is a place on the coast (Whitby), a company in the city (Harlow), and a person in the mountains
(Heidi). Elsewhere, it is part of a longer form (Whitby Lodge, Heidi Street). A tagger can score well by inferring the
setting from the context and counting words. In `test`, e and c come from independent values of g, which differ two
times in three. Swaps within a type remove the correlation from the training data.

**Ground truth.** Every surface form has exactly one type, no word of a form (in Chinese: no character) occurs in a
template, and mentions are never adjacent. Labels therefore depend only on the entity: a perfect entity-based tagger
scores the same under do(c0), so ACE_C = 0. In `test`, each slot takes the three types with equal probability,
regardless of its number of words: a context-only tagger finds the mentions, but only a third of their types. Its
expected F1 is at most 1/3, so the perfect tagger's ACE_E is at most -2/3 and its RI = ACE_C - ACE_E at least 2/3.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import TypedDict, TypeVar

import yaml

from ..errors import CfgenError

T = TypeVar("T")

SETTINGS = ("coast", "city", "mountain")

SPLIT_SIZES = {"train": 200, "validation": 60, "test": 200}


class Row(TypedDict):
    """A sentence with IOB2 tags and the values of g."""

    id: str
    tokens: list[str]
    ner_tags: list[str]
    entity_setting: str
    context_setting: str


class _Words(TypedDict):
    """The words of a language, see demo_corpus.yaml."""

    names: list[str]
    forms: dict[str, dict[str, list[str]]]  # by setting and type
    templates: dict[str, list[str]]  # by setting


@cache
def _words(language: str) -> _Words:
    words = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    if language not in words:
        raise CfgenError(f"no demo corpus in language {language!r}: choose one of {', '.join(words)}")
    return words[language]


def _of_setting(table: Mapping[str, T], setting: str) -> T:
    if setting not in SETTINGS:
        raise CfgenError(f"no setting {setting!r} in the demo corpus: choose one of {', '.join(SETTINGS)}")
    return table[setting]


def _tokenize(text: str, language: str) -> list[str]:
    return list(text) if language == "zh" else text.split()


def sample_confounder(noise: Random) -> str:
    """g := f_G(U_G): sample one of `SETTINGS` uniformly; `noise` is the source of U_G.

    Example:

    >>> sample_confounder(Random(0))
    'city'
    """
    return noise.choice(SETTINGS)


def sample_entities(setting: str, noise: Random, language: str = "en") -> list[tuple[str, str]]:
    """e := f_E(g, U_E): sample two different mentions; g determines type frequencies and forms.

    Args:
        setting (`str`): The value of g, one of `SETTINGS`.
        noise (`random.Random`): The source of U_E.
        language (`str`, *optional*, defaults to `"en"`): `"en"` or `"zh"`.

    Returns:
        `list[tuple[str, str]]`: Two pairs of surface form and entity type.

    Raises:
        CfgenError: The language or setting is unknown.

    Example:

    >>> sample_entities("coast", Random(0))
    [('Jakob Herring Lines', 'ORG'), ('Reto Dolphin Lines', 'ORG')]
    """
    forms, names = _of_setting(_words(language)["forms"], setting), _words(language)["names"]
    mentions: list[tuple[str, str]] = []
    while len(mentions) < 2:
        label = noise.choices(list(forms), weights=(2, 1, 1))[0]
        parts = [noise.choice(part.format(*names).split()) for part in forms[label]]
        mention = (("" if language == "zh" else " ").join(parts), label)
        if mention not in mentions:
            mentions.append(mention)
    return mentions


def sample_context(setting: str, noise: Random, language: str = "en") -> str:
    """c := f_C(g, U_C): sample a template of setting g, with one or two slots `{}`; see `sample_entities`.

    Example:

    >>> sample_context("coast", Random(0))
    'Salt wind faded the old poster about {} .'
    """
    templates = _of_setting(_words(language)["templates"], setting)
    return noise.choice(templates)


def compose(entities: Sequence[tuple[str, str]], context: str, language: str = "en") -> tuple[list[str], list[str]]:
    """x := f_X(e, c): fill the slots with the mentions, in order. Extra mentions are dropped.

    Args:
        entities (`Sequence[tuple[str, str]]`): Pairs of surface form and entity type.
        context (`str`): A template with slots `{}`.
        language (`str`, *optional*, defaults to `"en"`): `"en"` (tokens are words) or `"zh"` (tokens are characters).

    Returns:
        `tuple[list[str], list[str]]`: The tokens and their IOB2 tags.

    Raises:
        CfgenError: The language is unknown, or there are more slots than mentions.

    Example:

    The entities of one setting in the context of another, as in the test split:

    >>> compose([("Heidi", "PERSON")], "News of {} reached the pier .")
    (['News', 'of', 'Heidi', 'reached', 'the', 'pier', '.'], ['O', 'O', 'B-PERSON', 'O', 'O', 'O', 'O'])
    """
    _words(language)  # checks the language
    head, *tails = context.split("{}")
    if len(tails) > len(entities):
        raise CfgenError(f"{len(tails)} slots for {len(entities)} mentions: give a mention for each slot")
    tokens = _tokenize(head, language)
    tags = ["O"] * len(tokens)
    for (form, label), tail in zip(entities, tails):
        words, after = _tokenize(form, language), _tokenize(tail, language)
        tokens += words + after
        tags += [f"B-{label}"] + [f"I-{label}"] * (len(words) - 1) + ["O"] * len(after)
    return tokens, tags


def demo_corpus(language: str = "en", seed: int = 0) -> dict[str, list[Row]]:
    """Generate the demo corpus: 200 training, 60 validation, and 200 test sentences without duplicates.

    The types are PERSON, PLACE, and ORG. The same language and seed give the same rows on every machine.

    Args:
        language (`str`, *optional*, defaults to `"en"`): `"en"` (tokens are words) or `"zh"` (tokens are characters).
        seed (`int`, *optional*, defaults to 0): Seed of all exogenous variables.

    Returns:
        `dict[str, list[Row]]`: The rows of `"train"`, `"validation"` and `"test"`, each with `id`,
        `tokens`, `ner_tags` (IOB2), and the values of g: `entity_setting` (which caused the entities) and
        `context_setting` (which caused the context). The two are equal except in `"test"`, where they are independent.

    Raises:
        CfgenError: The language is unknown.

    Example:

    >>> row = demo_corpus("en")["train"][0]
    >>> " ".join(row["tokens"])
    'Around the stove , climbers praised Alma and forgave Ursina .'
    >>> row["entity_setting"], row["context_setting"]
    ('mountain', 'mountain')
    """
    corpus: dict[str, list[Row]] = {}
    seen: set[tuple[str, ...]] = set()
    for split, size in SPLIT_SIZES.items():
        # one random stream per exogenous variable keeps them independent
        u_g, u_do, u_e, u_c = (Random(f"{language}/{seed}/{split}/{name}") for name in ("G", "do(G)", "E", "C"))
        rows: list[Row] = []
        while len(rows) < size:
            g_entity = sample_confounder(u_g)
            g_context = sample_confounder(u_do) if split == "test" else g_entity
            entities = sample_entities(g_entity, u_e, language)
            tokens, tags = compose(entities, sample_context(g_context, u_c, language), language)
            if tuple(tokens) in seen:
                continue
            seen.add(tuple(tokens))
            rows.append(
                {
                    "id": f"{split}-{len(rows)}",
                    "tokens": tokens,
                    "ner_tags": tags,
                    "entity_setting": g_entity,
                    "context_setting": g_context,
                }
            )
        corpus[split] = rows
    return corpus
