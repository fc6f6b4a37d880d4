"""Read a grid of experiments from YAML: datasets x models x sizes x recipes x seeds, one cell for each combination."""

import importlib.util
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..data.loading import check_sizes
from ..data.options import ReadOptions, SplitOptions
from ..errors import CfgenError, about
from ..training.config import ModelOptions, TaggerTrainingArguments, with_defaults
from ..utils.environment import base_name
from ..utils.values import from_values, read_yaml
from .recipes import RecipeArguments, resolve_recipes
from .results import cell_name, hashed_name

AXES = ("dataset", "model", "n", "recipe", "seed")

_SECTIONS = ("datasets", "models", "recipes", "grid")

_CUT = ("pool", "split_sizes", "split_seed")

_DATASET = ("path", *(option.name for option in fields(ReadOptions) if option.name != "skip_bad_records"), *_CUT)

_MODEL = (*(option.name for option in fields(ModelOptions)), "training")

# training options that the seed, the recipe and the command set
_OURS = ("output_dir", "seed", "use_cpu", "disable_tqdm", "context_dropout")

_PACKAGE = "package:"

_LARGEST_SEED = 2**32 - 1  # for numpy's generator


@dataclass(kw_only=True)
class TaggerArguments(ReadOptions, SplitOptions, ModelOptions):
    """Choose the data and the tagger of a cell; `dataset` is a file, a folder, a Hub name, `demo:en` or `demo:zh`."""

    dataset: str

    def __post_init__(self) -> None:
        ReadOptions.__post_init__(self)
        ModelOptions.__post_init__(self)
        check_sizes(self.pool, self.split_sizes)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One experiment. Its result depends only on these values.

    Args:
        dataset (`str`): The name of the dataset in the grid.
        model (`str`): The name of the model.
        n (`int` or `None`): Train examples; `None` for the full train split.
        recipe (`str`): The name of the recipe.
        seed (`int`): The seed of the train sample, the candidates and the training.
        config (`dict`): The options behind the names, without folders of paths.
        options (`dict[str, Any]`): The options of the dataset, the model and the training.
        augmentation (`RecipeArguments`): The options of the recipe.
    """

    dataset: str
    model: str
    n: int | None
    recipe: str
    seed: int
    config: dict[str, Any]
    options: dict[str, Any]
    augmentation: RecipeArguments

    @property
    def key(self) -> dict[str, Any]:
        """The five values that identify the cell within its grid."""
        return {axis: getattr(self, axis) for axis in AXES}

    @property
    def name(self) -> str:
        """The name of its result file, without suffix."""
        return cell_name(**self.key, config=self.config)

    @property
    def noaug(self) -> str:
        """The name of the NoAug tagger that all recipes with this dataset, model, size and seed share."""
        config = {name: value for name, value in self.config.items() if name != "recipe"}
        size = "all" if self.n is None else self.n
        return hashed_name([self.dataset, self.model, f"n{size}", f"seed{self.seed}"], config)

    @property
    def source(self) -> str:
        """The name of its full dataset, which all models, sizes, recipes and seeds share."""
        return hashed_name([self.dataset], self.config["dataset"])

    def arguments(self, device: str = "cpu") -> tuple[TaggerArguments, TaggerTrainingArguments]:
        """Return the options of the data and the tagger, and those of the training on `"cpu"` or `"cuda"`."""
        return _parsed({**self.options, "use_cpu": device == "cpu"})


def read_grid(file: Path, data_dir: Path | None = None) -> list[Cell]:
    """Read a grid.

    Relative paths are below `data_dir`; a name that does not exist there is a name on the Hub. `demo:en` and `demo:zh`
    are the demo corpus, and `package:NAME/FOLDER` is a folder of an installed Python package.

    Args:
        file (`Path`): A YAML file with `datasets`, `models` and `recipes`, which name options, and `grid`, a list of
            products of these names.
        data_dir (`Path`, *optional*): The folder of relative paths. Defaults to the folder of the file.

    Returns:
        `list[Cell]`: The cells of the products, by seed and then in the order of the grid. For each dataset, model and
        size, NoAug is first.

    Raises:
        CfgenError: A name or an option is unknown, a value is not allowed, or a cell occurs twice.

    Example:

    >>> import tempfile
    >>> grid = Path(tempfile.mkdtemp()) / "grid.yaml"
    >>> _ = grid.write_text('''
    ... datasets: {demo: {path: "demo:en"}}
    ... models: {lstm: {model: lstm, training: {max_steps: 12}}}
    ... recipes: {none: {}, varied: {k: 10}}
    ... grid: [{dataset: [demo], model: [lstm], n: [50], recipe: [none, varied], seed: [1]}]
    ... ''')
    >>> [cell.name for cell in read_grid(grid)]
    ['demo-lstm-n50-none-seed1-cbd648ed', 'demo-lstm-n50-varied-seed1-46a150cb']
    """
    with about(file):
        return _cells(read_yaml(file), data_dir or file.parent)


def _cells(values: dict[str, Any], data_dir: Path) -> list[Cell]:
    _check_keys("", values, _SECTIONS, needed=_SECTIONS)
    sections = {name: _section(name, values[name]) for name in _SECTIONS[:3]}
    recipes = resolve_recipes(sections["recipes"])
    items = values["grid"]
    if not isinstance(items, list) or not items:
        raise CfgenError("grid: give a list of products, each with lists of dataset, model, n, recipe and seed")
    cells: dict[tuple[Any, ...], Cell] = {}
    trained: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
    groups: dict[tuple[Any, ...], int] = {}
    for place, item in enumerate(items, start=1):
        where = f"grid, item {place}"
        _check_keys(where + ": ", item, AXES, needed=AXES)
        for axis in AXES:
            with about(f"{where}: {axis}"):
                _check_axis(axis, item[axis], sections.get(f"{axis}s"))
        for dataset, model, n, recipe, seed in itertools.product(*(item[axis] for axis in AXES)):
            names = (dataset, model, n, recipe, seed)
            if names in cells:
                raise CfgenError(f"{where}: {'-'.join(map(str, names))} is a cell already: leave it out once")
            if (dataset, model) not in trained:
                with about(f"{dataset} with {model}"):
                    trained[dataset, model] = _resolved(
                        sections["datasets"][dataset], sections["models"][model], data_dir
                    )
            options, config = trained[dataset, model]
            options = options | {"num_train_examples": n, "seed": seed}
            cells[names] = _cell(names, options, config, recipes)
            groups.setdefault((dataset, model, n), len(groups))
    return sorted(
        cells.values(),
        key=lambda cell: (
            cell.seed,
            groups[cell.dataset, cell.model, cell.n],
            bool(cell.config["recipe"]),
        ),
    )


def _cell(
    names: tuple[Any, ...],
    options: dict[str, Any],
    config: dict[str, Any],
    recipes: Mapping[str, tuple[RecipeArguments, dict[str, Any]]],
) -> Cell:
    augmentation, resolved = recipes[names[AXES.index("recipe")]]
    if augmentation.context_dropout == "default":
        arguments, _ = _parsed({**options, "use_cpu": True})
        augmentation = replace(augmentation, context_dropout=arguments.training_defaults().context_dropout)
        resolved = {name: value for name, value in resolved.items() if name != "context_dropout"}
        resolved |= {"context_dropout": augmentation.context_dropout} if augmentation.context_dropout else {}
    config = config | {"recipe": resolved}
    return Cell(**dict(zip(AXES, names)), config=config, options=options, augmentation=augmentation)


def _check_keys(where: str, values: Any, allowed: tuple[str, ...], needed: tuple[str, ...] = ()) -> None:
    if not isinstance(values, dict):
        raise CfgenError(f"{where}give names with values, of {', '.join(allowed)}")
    unknown = [str(name) for name in values if name not in allowed]
    if unknown:
        raise CfgenError(f"{where}unknown {', '.join(unknown)}: the names are {', '.join(allowed)}")
    missing = [name for name in needed if name not in values]
    if missing:
        raise CfgenError(f"{where}no {', '.join(missing)}: give {', '.join(needed)}")


def _section(section: str, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict) or not values:
        raise CfgenError(f"{section}: give names, each with its options")
    allowed = {
        "datasets": _DATASET,
        "models": _MODEL,
        "recipes": tuple(option.name for option in fields(RecipeArguments)),
    }[section]
    for name, options in values.items():
        if not isinstance(name, str) or not re.fullmatch(r"[\w.+-]+", name):
            raise CfgenError(f"{section}: the name {name!r}: write it in letters, digits, and . _ + - alone")
        _check_keys(f"{section}: {name}: ", options, allowed, needed=("path",) if section == "datasets" else ())
        for option, value in options.items():
            if option == "training":
                _check_training(f"{section}: {name}: training: ", value)
            elif isinstance(value, dict) and option != "label_map":
                raise CfgenError(f"{section}: {name}: {option} is a mapping: give a value or a list")
    return values


def _check_training(where: str, values: Any) -> None:
    allowed = {option.name for option in fields(TaggerTrainingArguments)} - set(_OURS)
    if not isinstance(values, dict):
        raise CfgenError(f"{where}give options with values")
    unknown = [str(name) for name in values if name not in allowed]
    if unknown:
        raise CfgenError(
            f"{where}unknown {', '.join(unknown)}: hf-cfgen run --help lists the options, of which seeds, recipes "
            f"and the command set {', '.join(_OURS)}"
        )


def _check_axis(axis: str, values: Any, section: dict[str, Any] | None) -> None:
    if not isinstance(values, list) or not values:
        raise CfgenError(f"{values!r}: give a list")
    for value in values:
        if section is not None:
            if not isinstance(value, str) or value not in section:
                raise CfgenError(f"unknown {value!r}: the names are {', '.join(section)}")
        elif not (axis == "n" and value is None) and (type(value) is not int or value < (axis == "n")):
            raise CfgenError(f"{value!r}: give whole numbers, and for n null to take all")
        elif axis == "seed" and type(value) is int and value > _LARGEST_SEED:
            raise CfgenError(f"{value!r}: give at most {_LARGEST_SEED}")


def _resolved(
    dataset: Mapping[str, Any], model: Mapping[str, Any], data_dir: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of dataset, model and training, and the part of them that results record."""
    of_data = {name: value for name, value in dataset.items() if name != "path"}
    of_model = {name: value for name, value in model.items() if name != "training"}
    given = model.get("training", {})
    path = str(dataset["path"])
    places = {"dataset": path if path.startswith("demo:") else _below(path, data_dir)}
    name = str(of_model.get("model", "lstm"))
    if name.startswith(_PACKAGE):
        places["model"] = _package_folder(name.removeprefix(_PACKAGE))
    elif name not in ("lstm", "lstm-paper"):
        places["model"] = _below(name, data_dir)
    if of_model.get("vectors") is not None:
        places["vectors"] = _below(str(of_model["vectors"]), data_dir)
        if not Path(places["vectors"]).is_file():
            raise CfgenError(f"vectors: no file {data_dir / places['vectors']}: correct it, or give --data_dir")
    options = {**of_data, **of_model, **places, **given, "disable_tqdm": True}
    arguments, training = _parsed({**options, "use_cpu": True})
    training = with_defaults(training, arguments.training_defaults())
    defaults = {option.name: option.default for option in (*fields(TaggerArguments), *fields(TaggerTrainingArguments))}

    def changed_from_default(values: Any, names: tuple[str, ...]) -> dict[str, Any]:
        pairs = {name: getattr(values, name) for name in names}
        changed = {name: value for name, value in pairs.items() if value != defaults[name]}
        if sizes := changed.pop("split_sizes", None):
            changed["split"] = ",".join(map(str, sizes))  # the names of results depend on this key and value
        return changed

    shown = changed_from_default(arguments, tuple(option.name for option in fields(ModelOptions)))
    shown["model"] = name if name.startswith(_PACKAGE) else base_name(arguments.model)
    if arguments.vectors is not None:
        shown["vectors"] = base_name(arguments.vectors)
    trained = training.to_dict()
    return options, {
        "dataset": {"path": base_name(arguments.dataset), **changed_from_default(arguments, _DATASET[1:])},
        "model": shown,
        "training": {
            **{name: trained[name] for name in given if getattr(training, name) != defaults[name]},
            **{name: trained[name] for name in ("max_steps", "learning_rate", "per_device_train_batch_size")},
        },
    }


def _parsed(options: Mapping[str, Any]) -> tuple[TaggerArguments, TaggerTrainingArguments]:
    ours = {option.name for option in fields(TaggerArguments)}
    tagger = from_values(TaggerArguments, {name: value for name, value in options.items() if name in ours})
    try:
        rest = {name: value for name, value in options.items() if name not in ours}
        return tagger, from_values(TaggerTrainingArguments, rest)
    except CfgenError:
        raise
    except (ValueError, ImportError) as error:  # raised by TrainingArguments
        raise CfgenError(" ".join(str(error).split())) from error


def _below(name: str, data_dir: Path) -> str:
    path = data_dir / Path(name).expanduser()
    return str(path) if path.exists() else name


def _package_folder(name: str) -> str:
    package, _, folder = name.partition("/")
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise CfgenError(f"model: no Python package {package!r} is installed here: install it, or name a folder")
    path = Path(next(iter(found.submodule_search_locations))) / folder
    if not path.is_dir():
        raise CfgenError(f"model: the package {package} has no folder {folder!r}: correct it")
    return str(path)
