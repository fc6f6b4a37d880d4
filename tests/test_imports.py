"""The rules of the layout: which folder may import which, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import hf_cfgen

PACKAGE = Path(hf_cfgen.__file__).parent
# a folder may import from the folders before it
ORDER = ["errors", "utils", "tagging", "data", "modeling", "counterfactual", "training", "causal", "evaluation"]
ORDER += ["metrics", "reporting", "hub", "experiments", "app", "cli", "__main__"]
WITHOUT_TORCH = {"errors", "tagging", "data", "counterfactual/config.py", "reporting", "hub", "metrics"}


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports, absolute."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = path.relative_to(PACKAGE.parent).parts[: -node.level] if node.level else ()
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {".".join((*parents, name)) for name in names}
    return found


def folder_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_a_folder_imports_from_the_folders_before_it():
    assert {folder_of(path) for path in sources()} == set(ORDER)
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sources()
        for name in imports_of(path)
        if name.startswith("hf_cfgen.") and (folder := name.split(".")[1]) != "__version__"
        if ORDER.index(folder) > ORDER.index(folder_of(path))
    ]
    assert wrong == []


def test_torch_is_imported_only_where_models_are():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sources()
        for name in imports_of(path)
        if name.split(".")[0] in ("torch", "transformers") and folder_of(path) in WITHOUT_TORCH
    ]
    assert wrong == []


def test_tagging_needs_numpy_alone():
    third_party = {
        name.split(".")[0]
        for path in sources()
        if folder_of(path) in ("errors", "tagging")
        for name in imports_of(path)
        if name.split(".")[0] not in (*sys.stdlib_module_names, "hf_cfgen")
    }
    assert third_party == {"numpy"}


def test_importing_the_package_loads_neither_torch_nor_transformers_nor_datasets():
    code = (
        "import sys, hf_cfgen; from hf_cfgen.tagging import spans, scoring;"
        "print(sorted({'torch', 'transformers', 'datasets', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_help_of_the_command_line_loads_neither_torch_nor_transformers_nor_datasets():
    code = (
        "import sys; sys.argv = ['hf-cfgen', '--help']; from hf_cfgen.cli.main import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.startswith("usage: hf-cfgen") and run.stdout.endswith("\n[]\n")


def test_every_public_name_can_be_imported():
    assert set(hf_cfgen.__all__) - {"__version__"} == set(hf_cfgen._MODULE_OF)
    for name in hf_cfgen.__all__:
        assert getattr(hf_cfgen, name) is not None
