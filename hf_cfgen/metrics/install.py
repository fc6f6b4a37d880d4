"""Install the metrics in the modules cache of `evaluate`, so that they load by name."""

import filecmp
from pathlib import Path

METRICS = ("ace_ri", "ner_f1")

FOLDER = Path(__file__).parent


def install_metric(name: str) -> tuple[Path, bool]:
    """Install a metric in the modules cache of `evaluate`, so that `evaluate.load(name)` works from any folder.

    `evaluate` looks for a bare name in the working folder, then on the Hub, then in its cache. In the cache, the most
    recently modified version wins, so this function removes all other versions.

    Args:
        name (`str`): One of `METRICS`.

    Returns:
        `tuple[Path, bool]`: The copy of the script in the cache, and whether it is new.

    Example:

    >>> import tempfile
    >>> from unittest.mock import patch
    >>> with tempfile.TemporaryDirectory() as cache, patch("evaluate.config.HF_MODULES_CACHE", cache):
    ...     install_metric("ner_f1")[1], install_metric("ner_f1")[1]
    (True, False)
    """
    from datasets import DownloadMode
    from evaluate.loading import _create_importable_file, init_dynamic_modules

    script = FOLDER / name / f"{name}.py"
    cache, full_name = init_dynamic_modules(), f"evaluate-metric/{name}"
    # evaluate treats every folder whose name has the length of a hash as a version
    versions = Path(cache, "metrics", full_name.replace("/", "--")).glob("?" * 64)
    copies = [version / script.name for version in versions]
    if len(copies) == 1 and copies[0].is_file() and filecmp.cmp(script, copies[0], shallow=False):
        return copies[0], False
    module, _ = _create_importable_file(
        str(script),
        local_imports=[],
        additional_files=[],
        dynamic_modules_path=cache,
        module_namespace="metrics",
        name=full_name,
        download_mode=DownloadMode.FORCE_REDOWNLOAD,  # removes the other versions
    )
    return Path(cache).parent.joinpath(*module.split(".")).with_suffix(".py"), True
