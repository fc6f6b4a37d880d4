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

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from ..errors import CfgenError

T = TypeVar("T")

SETTINGS = ("coast", "city", "mountain")

SPLIT_SIZES = {"train": 200, "validation": 60, "test": 200}

# Three families of names. Each name is a different type in each setting: alone in one (so only the name or the
# setting shows the type), and inside longer forms in the other two.
_NAMES: dict[str, tuple[str, str, str]] = {
    "en": (
        "Whitby Padstow Falmouth Tenby Lerwick Kinsale Bergen Cascais Rimini Honfleur Dieppe Ostend "
        "Skagen Galway Preston Clifton Ashford Weston Milton Chester Lincoln Burton Denton Stanton",
        "Harlow Lennox Barclay Sterling Hudson Whitfield Kendall Marlowe Mercer Sinclair Hastings Novak "
        "Larkin Beckett Calloway Thorne Ellery Vance Wexford Pryce Rowntree Halden Corwin Merritt",
        "Douglas Logan Stuart Wallace Carter Nelson Fraser Duncan Anselm Ursina Greta Tobias "
        "Heidi Jakob Alma Reto Flurina Matteo Livia Bastian Konrad Selma Tilda Zita",
    ),
    "zh": (
        "长乐 福清 文昌 海宁 平湖 惠东 嘉定 崇明 凤台 云霄 瑞安 兰亭 龙泉 青田 泰顺 永康",
        "光华 兴隆 恒泽 金桥 万祥 同仁 新源 裕丰 鼎盛 宝成 德胜 广发 聚贤 庆余 百川 正诚",
        "建国 志强 思远 春雷 向阳 振邦 立业 学军 晓峰 秀英 浩宇 俊杰 佳怡 梦洁 玉芬 冬梅",
    ),
}

# language -> setting -> type -> the parts of a form, one word from each; {0} to {2} are the families. The first type
# of a setting is twice as likely as each other type. Types and lengths form a Latin square over the settings, so
# that the number of words, which stays visible under do(e0), does not reveal the type.
_FORMS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "en": {
        "coast": {
            "PLACE": ("{0}",),
            "PERSON": ("Marina Finn Coral Nils Isla Bruno Pearl Hamish", "{1}"),
            "ORG": ("{2}", "Herring Trident Anchor Dolphin Compass", "Shipping Fisheries Lines Canneries Insurance"),
        },
        "city": {
            "ORG": ("{1}",),
            "PLACE": ("{2}", "Square Street Avenue Lane Court Gardens Terrace Station"),
            "PERSON": ("Anna Grace Victor Nora Simon", "Maria Louise James Rose Henry", "{0}"),
        },
        "mountain": {
            "PERSON": ("{2}",),
            "ORG": ("{0}", "Lodge Guides Outfitters Dairy Cableways Rescue Press Brewery"),
            "PLACE": ("Upper Lower Great Little Lost", "{1}", "Pass Ridge Peak Glen Falls"),
        },
    },
    "zh": {
        "coast": {
            "PLACE": ("{0}",),
            "PERSON": ("{1}", "叔 伯 嫂 婶 姨"),
            "ORG": ("{2}", "海运 渔业 船厂 酒楼 保险 渔行"),
        },
        "city": {
            "ORG": ("{1}",),
            "PLACE": ("{2}", "路 街 巷 桥 弄"),
            "PERSON": ("{0}", "老师 医生 教授 主任 经理 律师"),
        },
        "mountain": {
            "PERSON": ("{2}",),
            "ORG": ("{0}", "堂 厂 坊 社 庄"),
            "PLACE": ("{1}", "峡谷 草甸 垭口 瀑布 岩洞 林海"),
        },
    },
}

_TEMPLATES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "coast": (
            "The harbour crowd still talks about {} .",
            "At high tide the gulls circled while we discussed {} and {} .",
            "A sailor sang a ballad about {} and another about {} .",
            "The lighthouse keeper wrote a poem about {} before the storm .",
            "Fishermen on the pier spoke kindly of {} .",
            "The ferry crew prefers {} to {} in summer .",
            "Salt wind faded the old poster about {} .",
            "Down by the docks , {} was mentioned more often than {} .",
        ),
        "city": (
            "The tram was late , so they argued about {} .",
            "{} made the front page of the evening paper .",
            "The mayor thanked {} and {} in her speech .",
            "Over coffee the editors compared {} with {} .",
            "A podcast about {} is popular in the office .",
            "Last Monday a journalist asked whether {} had changed .",
            "Commuters on the subway were reading about {} and {} .",
            "{} reminded the lawyer of {} .",
        ),
        "mountain": (
            "Snow fell all night , yet {} was on our minds .",
            "The hikers told a tale about {} by the campfire .",
            "Around the stove , climbers praised {} and forgave {} .",
            "{} is known to every shepherd in the valley .",
            "The trail map has a note about {} on the back .",
            "A goat bell rang while the farmer described {} .",
            "After the avalanche , people worried about {} and {} .",
            "At the summit we drank tea and toasted {} .",
        ),
    },
    "zh": {
        "coast": (
            "码头上的人都在谈论{}。",
            "涨潮的时候，他们又说起了{}。",
            "灯塔下面，有人唱起一首关于{}的歌。",
            "暴风过后，水手们最担心{}，其次才是{}。",
            "孩子们在沙滩上画了{}的样子。",
            "他在甲板上写信，信里只问了{}。",
            "咸咸的风吹着，我忽然想念{}，也想念{}。",
            "潮水退去，关于{}的传闻却没有散。",
        ),
        "city": (
            "地铁里，很多人都在读{}的故事。",
            "今天的晚报用整版介绍了{}。",
            "写字间里的人更关注{}，而不是{}。",
            "早上堵得厉害，司机一直跟我聊{}。",
            "咖啡馆的墙上挂着{}的旧照片。",
            "记者把{}写进了标题。",
            "导演打算拍一部关于{}的纪录片。",
            "开会的时候，有人拿{}跟{}开玩笑。",
        ),
        "mountain": (
            "雪下了一夜，我们围着火炉聊{}。",
            "登顶以后，他第一个想到的是{}。",
            "牧羊人说，{}早就变了样。",
            "雾散以后，我对{}有了不一样的看法。",
            "篝火旁，奶奶讲完{}，又讲{}。",
            "杉树底下的石碑刻着{}的名字。",
            "采蘑菇的姑娘最熟悉{}。",
            "爬坡太累，他们就猜{}跟{}哪个更有名。",
        ),
    },
}


def _lookup(table: dict[str, dict[str, T]], language: str, setting: str) -> T:
    _check_language(language)
    if setting not in SETTINGS:
        raise CfgenError(f"no setting {setting!r} in the demo corpus: choose one of {', '.join(SETTINGS)}")
    return table[language][setting]


def _check_language(language: str) -> None:
    if language not in _TEMPLATES:
        raise CfgenError(f"no demo corpus in language {language!r}: choose one of {', '.join(_TEMPLATES)}")


def _tokenize(text: str, language: str) -> list[str]:
    return list(text) if language == "zh" else text.split()


def sample_confounder(noise: Random) -> str:
    """g := f_G(U_G): sample a setting uniformly.

    Args:
        noise (`random.Random`): The source of U_G.

    Returns:
        `str`: One of `SETTINGS`.

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
    forms = _lookup(_FORMS, language, setting)
    mentions: list[tuple[str, str]] = []
    while len(mentions) < 2:
        label = noise.choices(list(forms), weights=(2, 1, 1))[0]
        parts = [noise.choice(part.format(*_NAMES[language]).split()) for part in forms[label]]
        mention = (("" if language == "zh" else " ").join(parts), label)
        if mention not in mentions:
            mentions.append(mention)
    return mentions


def sample_context(setting: str, noise: Random, language: str = "en") -> str:
    """c := f_C(g, U_C): sample a template of setting g.

    Args:
        setting (`str`): The value of g, one of `SETTINGS`.
        noise (`random.Random`): The source of U_C.
        language (`str`, *optional*, defaults to `"en"`): `"en"` or `"zh"`.

    Returns:
        `str`: A template with one or two slots `{}` for mentions.

    Raises:
        CfgenError: The language or setting is unknown.

    Example:

    >>> sample_context("coast", Random(0))
    'Salt wind faded the old poster about {} .'
    """
    templates = _lookup(_TEMPLATES, language, setting)
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
    _check_language(language)
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


def demo_corpus(language: str = "en", seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Generate the demo corpus: 200 training, 60 validation, and 200 test sentences without duplicates.

    The types are PERSON, PLACE, and ORG. The same language and seed give the same rows on every machine.

    Args:
        language (`str`, *optional*, defaults to `"en"`): `"en"` (tokens are words) or `"zh"` (tokens are characters).
        seed (`int`, *optional*, defaults to 0): Seed of all exogenous variables.

    Returns:
        `dict[str, list[dict[str, Any]]]`: The rows of `"train"`, `"validation"` and `"test"`, each with `id`,
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
    _check_language(language)
    corpus: dict[str, list[dict[str, Any]]] = {}
    seen: set[tuple[str, ...]] = set()
    for split, size in SPLIT_SIZES.items():
        # one random stream per exogenous variable keeps them independent
        u_g, u_do, u_e, u_c = (Random(f"{language}/{seed}/{split}/{name}") for name in ("G", "do(G)", "E", "C"))
        rows: list[dict[str, Any]] = []
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
