"""Dataset and model cards, written from what a run recorded."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datasets import DatasetInfo
from huggingface_hub import DatasetCard, DatasetCardData, EvalResult, ModelCard, ModelCardData

from ..evaluation.run_folder import CONFIGS, Files, data_files, dataset_info, read_run, repository_path, tagger_folder
from ..reporting import markdown
from ..reporting.markdown import escaped, percent
from ..tagging.scoring import LEVELS

TEMPLATES = Path(__file__).with_name("templates")

_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")

_TAGS = ["hf_cfgen", "named-entity-recognition", "counterfactual", "data-augmentation"]

_KEPT_SHOWN = 3

_SCORES = ("f1", "precision", "recall")

_EFFECTS = {"ace_c": "ACE_C", "ace_e": "ACE_E", "ri": "RI"}


def dataset_card(
    run_dir: Path,
    repo_id: str,
    *,
    license: str | None = None,
    language: Sequence[str] | None = None,
    citation: str | None = None,
) -> DatasetCard:
    """The card of a run's augmented data set.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.
        repo_id (`str`): The repository on the Hub.
        license (`str`, *optional*): The license, as the Hub names it.
        language (`Sequence[str]`, *optional*): ISO 639 codes.
        citation (`str`, *optional*): How to cite the source.

    Returns:
        `DatasetCard`: Front matter and text.

    Raises:
        CfgenError: See `run_files.data_files`.
    """
    results, files = read_run(run_dir), data_files(run_dir)
    infos = {config: dataset_info(paths) for config, paths in files.items()}
    counts, examples, recipe = results["counts"], results["data"]["examples"], results["config"]["recipe"]
    metadata = DatasetCardData(
        language=_listed(language),
        license=license,
        task_categories=["token-classification"],
        task_ids=["named-entity-recognition"],
        pretty_name=repo_id.partition("/")[2],
        size_categories=[_size(sum(_rows(infos["default"]).values()))],
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
    what = {
        "default": f"train: {examples['train']} examples of the source and {counts['kept']} counterfactual ones; "
        "validation and test: of the source",
        "counterfactual": "the counterfactual examples alone",
        "rejected": "candidates that the discriminator does not recognize, with the reason",
    }
    rows = [
        (f"`{config}`", ", ".join(f"{split} {number}" for split, number in _rows(info).items()), what[config])
        for config, info in infos.items()
    ]
    return DatasetCard.from_template(
        metadata,
        template_path=str(TEMPLATES / "dataset_card.md"),
        **_shared(results, repo_id, license, citation),
        config_names=list(files),
        absent=[f"`{config}`" for config in CONFIGS if config not in files],
        rows=markdown.table(("config", "rows", "what"), rows),
        recipe=recipe,
        recipe_line=(
            f"up to {results['config']['k']} an example, in each one mention replaced by another surface form"
            if recipe == "budget"
            else "of one random mention an example every other surface form"
        ),
        discriminator_f1=percent(results["taggers"]["NoAug"]["test"]["strict"]["f1"]),
        rejected=sum(counts["rejected"].values()),
        unswappable=", ".join(map(escaped, counts["unswappable_types"])),
        by_type=markdown.by_type(counts),
        examples_shown=_examples(files, results["data"]["characters"]),
    )


def model_card(
    run_dir: Path,
    tagger: str,
    repo_id: str,
    *,
    license: str | None = None,
    language: Sequence[str] | None = None,
    citation: str | None = None,
) -> ModelCard:
    """The card of a tagger of a run, written from `results.json` and the tagger's `config.json`.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.
        tagger (`str`): Which tagger: `"NoAug"`, `"Aug"` or `"Control"`.
        repo_id (`str`): The repository on the Hub.
        license (`str`, *optional*): The license, as the Hub names it.
        language (`Sequence[str]`, *optional*): ISO 639 codes.
        citation (`str`, *optional*): How to cite the source of the data.

    Returns:
        `ModelCard`: Front matter with a model-index, and text.

    Raises:
        CfgenError: See `run_files.tagger_folder`.
    """
    from ..modeling import saved_config  # loads torch, which the card of a data set does not need

    results, folder = read_run(run_dir), tagger_folder(run_dir, tagger)
    trained, characters = results["taggers"][tagger], results["data"]["characters"]
    metadata = ModelCardData(
        language=_listed(language),
        license=license,
        library_name="transformers",
        pipeline_tag="token-classification",
        tags=_TAGS,
        metrics=["f1", "precision", "recall"],
        model_name=repo_id.partition("/")[2],
        eval_results=_eval_results(trained, results["names"]["dataset"]),
    )
    added = trained["examples"] - results["data"]["examples"]["train"]
    by_type = [
        (escaped(label), *(percent(numbers[key]) for key in ("precision", "recall", "f1")), numbers["support"])
        for label, numbers in trained["test"]["strict"]["by_type"].items()
    ]
    return ModelCard.from_template(
        metadata,
        template_path=str(TEMPLATES / "model_card.md"),
        **_shared(results, repo_id, license, citation),
        tagger=tagger,
        added={
            "NoAug": "",
            "Aug": f" and {added} counterfactual ones that NoAug recognizes",
            "Control": f" and {added} counterfactual ones that nobody judged",
        }[tagger],
        model=saved_config(folder),
        vectors=escaped(results["names"]["vectors"] or ""),
        trained=trained,
        dev_f1=percent(trained["dev_strict_f1"]),
        unit="characters" if characters else "words",
        strategy="simple" if characters else "first",
        types=", ".join(map(escaped, results["data"]["types"])),
        by_type=markdown.table(("type, strict", "P", "R", "F1", "mentions"), by_type),
        effects=markdown.effects(trained["causal"]),
    )


def _shared(results: dict[str, Any], repo_id: str, license: str | None, citation: str | None) -> dict[str, Any]:
    """What both templates need."""
    commit = results["commit"]
    dirty = (commit or "").endswith("-dirty")
    return {
        "repo_id": repo_id,
        "version": results["hf_cfgen"],
        "commit": commit and commit.removesuffix("-dirty"),
        "changed": dirty,
        "command": results["command"],
        "fence": markdown.fence(results["command"]),
        "environment": ", ".join(f"{name} {version}" for name, version in results["environment"].items()),
        "config": results["config"],
        "lstm": results["config"]["model"] in ("lstm", "lstm-paper"),
        "checkpoint": results["names"]["model"],
        "source": escaped(results["names"]["dataset"]),
        "examples": results["data"]["examples"],
        "counts": results["counts"],
        "by_reason": markdown.by_reason(results["counts"]),
        "control": "Control" in results["taggers"],
        "scores": markdown.scores(results["taggers"]),
        "license": license,
        "citation": _cited(citation),
    }


def _cited(citation: str | None) -> str | None:
    if citation and citation.lstrip().startswith("@"):
        fence, lines = markdown.fence(citation), citation.strip().splitlines()
        return "\n".join([f"{fence}bibtex", *lines, fence])
    return citation


def _size(rows: int) -> str:
    """The Hub's category of a data set's size.

    >>> [_size(rows) for rows in (9, 999, 1000, 99_999, 100_000)]
    ['n<1K', 'n<1K', '1K<n<10K', '10K<n<100K', '100K<n<1M']
    """
    return _SIZES[max(0, len(str(rows)) - 3)]


def _rows(info: DatasetInfo) -> dict[str, int]:
    return {name: split.num_examples for name, split in info.splits.items()}


def _examples(files: Files, characters: bool) -> str:
    """The first kept rows, and the first rejected one of each reason."""
    columns = ["tokens", "replaced", "score", "reason"]
    shown = []
    if "counterfactual" in files:
        kept = pq.read_table(files["counterfactual"]["train"], columns=columns)
        shown += kept.slice(0, _KEPT_SHOWN).to_pylist()
    if "rejected" in files:
        rejected = pq.read_table(files["rejected"]["train"], columns=columns)
        reasons = rejected["reason"].to_pylist()
        shown += [rejected.slice(reasons.index(reason), 1).to_pylist()[0] for reason in sorted(set(reasons))]
    return "\n".join(f"- {markdown.example(row, characters)}" for row in shown)


def _eval_results(trained: dict[str, Any], source: str) -> list[EvalResult]:
    about = {
        "task_type": "token-classification",
        "task_name": "Named entity recognition",
        "dataset_type": re.sub(r"[^\w./-]+", "-", source, flags=re.ASCII),  # the Hub takes no other characters
        "dataset_name": source,
        "dataset_split": "test",
    }
    scores = [(f"{level} {key}", key, trained["test"][level][key]) for level in LEVELS for key in _SCORES]
    scores += [
        (f"{level} {_EFFECTS[key]}", key, trained["causal"][level][key]) for level in LEVELS for key in _EFFECTS
    ]
    return [
        EvalResult(metric_name=name, metric_type=kind, metric_value=value, **about) for name, kind, value in scores
    ]


def _listed(language: Sequence[str] | None) -> list[str] | None:
    return None if language is None else list(language)
