"""The parser of a command: options in groups, made from dataclasses, with defaults from YAML files."""

import re
from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import CfgenError
from ..utils.values import nearest, parse_map, read_yaml, typed_value

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_METAVARS = {int: "N", float: "X", str: "TEXT"}


class Parser(ArgumentParser):
    """An `ArgumentParser` that raises a `CfgenError` instead of ending the process."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs, allow_abbrev=False, formatter_class=_HelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise CfgenError(f"{message} ({self.prog} --help lists the options)")


class CommandParser(Parser):
    """The parser of one command.

    In the names of options, hyphens and underscores are the same. `--config FILE` reads defaults from a YAML file.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._hints: dict[str, Any] = {}
        self._hidden: dict[Action, str | None] = {}

    def add_options(
        self,
        *classes: "type[DataclassInstance]",
        groups: Mapping[str, Iterable[str]] | None = None,
        positionals: Sequence[str] = (),
        left_out: Sequence[str] = (),
        example: str = "",
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """Add the fields of dataclasses as options.

        Args:
            classes (`type`): The dataclasses. The metadata of a field holds its `help`.
            groups (`Mapping[str, Iterable[str]]`, *optional*): The names of the options by the titles of groups. Only
                `--help-all` shows the other options. If omitted, there is one group of all options.
            positionals (`Sequence[str]`, *optional*): The fields that are positional arguments, in order.
            left_out (`Sequence[str]`, *optional*): The fields that are not options of this command.
            example (`str`, *optional*): The required options, for the usage line.
            texts (`Mapping[str, str]`, *optional*): The help of options whose field has none that fits.
        """
        hints = {name: hint for cls in classes for name, hint in get_type_hints(cls).items()}
        known = {field.name: field for cls in classes for field in fields(cls) if field.init}
        known = {name: field for name, field in known.items() if name not in left_out and _accepts_text(hints[name])}
        self._hints = {name: hints[name] for name in known}
        self.usage = " ".join(filter(None, [self.prog, *map(str.upper, positionals), example, "[options]"]))
        for name in positionals:
            self.add_argument(name, metavar=name.upper(), help=known.pop(name).metadata["help"])
        shown = {title: [known.pop(name) for name in names] for title, names in (groups or {"": [*known]}).items()}
        for title, options in {**shown, "other training options": list(known.values())}.items():
            group = self.add_argument_group(title) if title else self
            for option in options:
                default: object = option.default if option.default is not MISSING else SUPPRESS
                required = option.default is MISSING and option.default_factory is MISSING
                group.add_argument(
                    f"--{option.name}",
                    default=default,
                    required=required,
                    help=(texts or {}).get(option.name, option.metadata.get("help")),
                    **_as_argument(hints[option.name]),
                )
        self.add_argument("--config", metavar="FILE", help="YAML file of options; the command line wins")
        if known:
            self.add_argument("--help_all", action="store_true", help="also show all other training options")
        for action in self._actions:
            if action.dest in known:
                self._hidden[action], action.help = action.help, SUPPRESS

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        words = self._normalized(args or [])
        if "--help_all" in words:
            for action, text in self._hidden.items():
                action.help = text
            words = ["--help"]
        finder = ArgumentParser(add_help=False, allow_abbrev=False)
        finder.add_argument("--config", action="append", default=[])
        for file in finder.parse_known_args(words)[0].config:
            self._read_defaults(Path(file))
        parsed, rest = super().parse_known_args(words, namespace)
        if rest:
            self.error(f"unexpected argument {' '.join(rest)}")
        return parsed, []

    def _normalized(self, words: Sequence[str]) -> list[str]:
        """Write names with underscores and flags with their value, and find unknown options."""
        actions = self._option_string_actions
        normalized = []
        for word, following in zip(words, [*words[1:], ""]):
            given, equals, value = word.partition("=")
            if not re.fullmatch(r"--?[A-Za-z]\S*", given):
                normalized.append(word)
                continue
            name = given if given in actions else "--" + given.lstrip("-").replace("-", "_")
            positive = "--" + name.removeprefix("--no_")
            if name not in actions and _is_flag(actions.get(positive)):
                name, equals, value = positive, "=", "false"
            if name not in actions:
                hint = nearest(name, actions)
                hint = hint if hint.startswith("did") else f"{self.prog} --help lists the options"
                raise CfgenError(f"{given}: unknown option: {hint}")
            if _is_flag(actions[name]) and not equals and following.lower() not in _TRUTH:
                equals, value = "=", "true"  # so that a flag does not take the positional argument after it
            normalized.append(name + equals + value)
        return normalized

    def _read_defaults(self, file: Path) -> None:
        values = {name.replace("-", "_"): value for name, value in read_yaml(file).items()}
        for name, value in values.items():
            if name not in self._hints:
                raise CfgenError(f"{file}: unknown option {name}: {nearest(name, self._hints)}")
            try:
                values[name] = typed_value(value, self._hints[name], name)
            except CfgenError as error:
                raise CfgenError(f"{file}: {error}") from None
        self.set_defaults(**values)
        for action in self._actions:
            if action.dest in values:
                action.required = False
                action.nargs = action.nargs if action.option_strings else "?"


class _HelpFormatter(HelpFormatter):
    """Shows metavars and defaults briefly."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)

    def _format_action_invocation(self, action: Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        metavar = "" if action.nargs == 0 or _is_flag(action) else f" {action.metavar}"
        return ", ".join(action.option_strings) + metavar

    def _get_help_string(self, action: Action) -> str:
        notes = [", ".join(map(str, action.choices))] if action.choices and action.option_strings else []
        if action.default is not None and action.default is not False and action.default not in (SUPPRESS, ""):
            notes.append(f"default: {'true' if action.default is True else action.default}")
        text = (action.help or "").removesuffix(".")
        text = text[:1].upper() + text[1:]
        return f"{text} ({'; '.join(notes)})".replace("%", "%%") if notes else text.replace("%", "%%")


class _Extend(Action):
    """Values that add up if the option is repeated."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None) -> None:
        before = getattr(namespace, self.dest, None)
        setattr(namespace, self.dest, [*([] if before in (None, self.default) else before), *values])


class _Map(Action):
    """`OLD=NEW` items that become a dictionary."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None) -> None:
        setattr(namespace, self.dest, parse_map(values, self.dest))


def from_arguments(cls: type[T], arguments: Namespace) -> T:
    """Make a dataclass of options from parsed arguments; a `CfgenError` says which value is not allowed."""
    names = (field.name for field in fields(cls) if field.init and hasattr(arguments, field.name))
    try:
        return cls(**{name: getattr(arguments, name) for name in names})
    except CfgenError:
        raise
    except (ValueError, ImportError) as error:  # transformers checks its TrainingArguments
        raise CfgenError(" ".join(str(error).split())) from error


def field_names(cls: "type[DataclassInstance]") -> list[str]:
    """Return the names of a dataclass's fields."""
    return [field.name for field in fields(cls)]


def _is_flag(action: Action | None) -> bool:
    return action is not None and action.type is _truth


def _accepts_text(hint: Any) -> bool:
    try:
        return bool(_as_argument(hint))
    except TypeError:
        return False


def _as_argument(hint: Any) -> dict[str, Any]:
    """Return the keyword arguments of `add_argument` for a type hint."""
    union = get_origin(hint) in (Union, UnionType)
    parts = {get_origin(each) or each: each for each in (get_args(hint) if union else (hint,)) if each is not NoneType}
    for kind in parts:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"choices": [each.value for each in kind], "metavar": "NAME"}
    if str in parts:
        return {"type": str, "metavar": "TEXT"}
    (kind, part), *_ = parts.items()
    inner = get_args(part)
    if kind is Literal:
        return {"choices": inner, "metavar": "NAME"}
    if kind is bool:
        return {"type": _truth, "nargs": "?", "const": True}
    if kind is list:
        return {"type": inner[0], "nargs": "+", "action": _Extend, "metavar": _METAVARS[inner[0]]}
    if kind is dict and inner == (str, str):
        return {"nargs": "+", "action": _Map, "metavar": "OLD=NEW"}
    if kind is tuple:
        return {"type": _integers(len(inner)), "metavar": ",".join("N" * len(inner))}
    if kind in _METAVARS:
        return {"type": kind, "metavar": _METAVARS[kind]}
    raise TypeError(f"no text can be a {hint}")


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise ArgumentTypeError(f"{text!r}: give true or false")
    return _TRUTH[text.lower()]


def _integers(count: int) -> Callable[[str], tuple[int, ...]]:
    def integers(text: str) -> tuple[int, ...]:
        parts = text.split(",")
        if len(parts) != count or not all(part.strip().isdecimal() for part in parts):
            raise ArgumentTypeError(f"{text!r}: give {count} numbers, such as {','.join(['100'] * count)}")
        return tuple(map(int, parts))

    return integers
