"""Dataset and model cards, written from the results of a run."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
from datasets import DatasetInfo, Features
from datasets.splits import SplitDict, SplitInfo
from huggingface_hub import CardData, DatasetCard, DatasetCardData, EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, FileSystemLoader

from ..errors import CfgenError
from ..evaluation.run_result import (
    CONFIGS,
    PSEUDO,
    Files,
    RunResult,
    TaggerResult,
    data_files,
    read_run,
    tagger_folder,
)
from ..reporting import markdown
from ..reporting.formatting import EFFECTS, interval, percent
from ..reporting.markdown import escaped
from ..tagging.scoring import LEVELS

_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")

_TAGS = ["hf_cfgen", "named-entity-recognition", "counterfactual", "data-augmentation"]

_KEPT_EXAMPLES = 3

_SCORES = ("precision", "recall", "f1")


def dataset_card(
    run_dir: Path,
    repo_id: str,
    *,
    license: str | None = None,
    language: Sequence[str] | None = None,
    citation: str | None = None,
) -> DatasetCard:
    """Write the card of a run's augmented dataset.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.
        repo_id, license, language, citation: See `push_dataset`.

    Raises:
        CfgenError: See `data_files`.
    """
    result, files = read_run(run_dir), data_files(run_dir)
    infos = {config: _dataset_info(paths) for config, paths in files.items()}
    sizes = {
        config: {split: part.num_examples for split, part in info.splits.items()} for config, info in infos.items()
    }
    metadata = DatasetCardData(
        language=None if language is None else list(language),
        license=license,
        task_categories=["token-classification"],
        task_ids=["named-entity-recognition"],
        pretty_name=repo_id.partition("/")[2],
        size_categories=[_size(sum(sizes["default"].values()))],
        tags=_TAGS,
        configs=[
            {
                "config_name": config,
                "data_files": [
                    {"split": split, "path": repository_path(config, path)} for split, path in paths.items()
                ],
            }
            for config, paths in files.items()
        ],
        dataset_info=[{"config_name": config, **info._to_yaml_dict()} for config, info in infos.items()],
    )
    variables = {
        "configs": [config for folder, config in CONFIGS.items() if folder != PSEUDO or result.unlabeled],
        "sizes": sizes,
        "row_examples": _row_examples(files, result.data.characters),
    }
    return DatasetCard(_render("dataset_card.md", metadata, result, repo_id, license, citation, variables))


def model_card(
    run_dir: Path,
    tagger: str,
    repo_id: str,
    *,
    license: str | None = None,
    language: Sequence[str] | None = None,
    citation: str | None = None,
) -> ModelCard:
    """Write the card of a tagger of a run.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.
        tagger (`str`): `"NoAug"`, `"Aug"`, `"Control"` or `"Student"`.
        repo_id, license, language, citation: See `push_model`.

    Raises:
        CfgenError: See `tagger_folder`.
    """
    from ..modeling import saved_config  # loads torch, which the card of a dataset does not need

    result, folder = read_run(run_dir), tagger_folder(run_dir, tagger)
    trained = result.taggers[tagger]
    metadata = ModelCardData(
        language=None if language is None else list(language),
        license=license,
        library_name="transformers",
        pipeline_tag="token-classification",
        tags=_TAGS,
        metrics=["f1", "precision", "recall"],
        model_name=repo_id.partition("/")[2],
        eval_results=_eval_results(trained, str(result.names["dataset"])),
    )
    variables = {"tagger": tagger, "trained": trained, "model": saved_config(folder)}
    return ModelCard(_render("model_card.md", metadata, result, repo_id, license, citation, variables))


def repository_path(config: str, path: Path) -> str:
    """Return the path in the repository of a file of a config.

    Example:

    >>> repository_path("counterfactual", Path("runs/mine/kept/train-00000-of-00001.parquet"))
    'counterfactual/train-00000-of-00001.parquet'
    """
    return f"{config_folder(config)}/{path.name}"


def config_folder(config: str) -> str:
    """Return the folder of a config in the repository."""
    return "data" if config == "default" else config


def _dataset_info(files: dict[str, Path]) -> DatasetInfo:
    """Features, splits and sizes of a config, from its parquet files by split."""
    features = {split: Features.from_arrow_schema(pq.read_schema(path)) for split, path in files.items()}
    first = next(iter(features.values()))
    if any(other != first for other in features.values()):
        raise CfgenError(f"{next(iter(files.values())).parent}: the splits have different columns: run it again")
    splits = SplitDict()
    for split, path in files.items():
        rows = pq.read_table(path)
        splits.add(SplitInfo(name=split, num_bytes=rows.nbytes, num_examples=rows.num_rows))
    return DatasetInfo(
        features=first,
        splits=splits,
        download_size=sum(path.stat().st_size for path in files.values()),
        dataset_size=sum(split.num_bytes for split in splits.values()),
    )


def _render(
    template: str,
    metadata: CardData,
    result: RunResult,
    repo_id: str,
    license: str | None,
    citation: str | None,
    variables: Mapping[str, object],
) -> str:
    environment = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")))
    environment.filters |= {"escaped": escaped, "fence": markdown.fence, "percent": percent}
    environment.filters["interval_percent"] = lambda ends: interval(ends, percent)
    environment.globals |= {"levels": LEVELS, "effects_table": markdown.effects}
    return environment.get_template(template).render(
        card_data=metadata.to_yaml(),
        repo_id=repo_id,
        run=result,
        license=license,
        citation=citation,
        lstm=result.config["model"] in ("lstm", "lstm-paper"),
        source=escaped(str(result.names["dataset"])),
        **variables,
    )


def _size(rows: int) -> str:
    """The Hub's size category of a dataset.

    >>> [_size(rows) for rows in (9, 999, 1000, 99_999, 100_000)]
    ['n<1K', 'n<1K', '1K<n<10K', '10K<n<100K', '100K<n<1M']
    """
    return _SIZES[max(0, len(str(rows)) - 3)]


def _row_examples(files: Files, characters: bool) -> str:
    """The first kept rows, and the first rejected row of each reason."""
    columns = ["tokens", "replaced", "score", "reason"]
    rows = []
    if "counterfactual" in files:
        kept = pq.read_table(files["counterfactual"]["train"], columns=columns)
        rows += kept.slice(0, _KEPT_EXAMPLES).to_pylist()
    if "rejected" in files:
        rejected = pq.read_table(files["rejected"]["train"], columns=columns)
        reasons = rejected["reason"].to_pylist()
        rows += [rejected.slice(reasons.index(reason), 1).to_pylist()[0] for reason in sorted(set(reasons))]
    return "\n".join(f"- {markdown.example(row, characters)}" for row in rows)


def _eval_results(trained: TaggerResult, source: str) -> list[EvalResult]:
    metrics: list[tuple[str, str, float]] = []
    for level in LEVELS:
        metrics += [(f"{level} {name}", name, getattr(trained.test[level], name)) for name in _SCORES]
    for level in LEVELS:
        effects = trained.causal[level]
        metrics += [(f"{level} {name}", key, getattr(effects, key)) for name, key in EFFECTS.items() if key != "f1"]
    return [
        EvalResult(
            task_type="token-classification",
            task_name="Named entity recognition",
            dataset_type=re.sub(r"[^\w./-]+", "-", source, flags=re.ASCII),  # the only characters that the Hub accepts
            dataset_name=source,
            dataset_split="test",
            metric_name=name,
            metric_type=kind,
            metric_value=value,
        )
        for name, kind, value in metrics
    ]
