"""The layout's rules: who imports whom, and what importing costs."""

import ast
import subprocess
import sys
from pathlib import Path

import hf_cfgen

PACKAGE = Path(hf_cfgen.__file__).parent
# each stage may import those before it in its own row or in an earlier row
ORDER = [
    ["errors", "arrays"],
    ["spans", "output", "arguments", "environment", "options", "threads"],
    ["scoring", "columns", "verdicts", "draws"],
    ["flat", "choices"],
    ["digests", "schemes"],
    ["data"],
    ["entity_sets"],
    ["intervention"],
    ["windows"],
    ["alignment"],
    ["prediction", "models"],
    ["discriminator", "context_dropout"],
    ["judging"],
    ["generator", "causal", "training"],
    ["baselines", "evaluation", "taggers", "cases"],
    ["report"],
    ["run_files"],
    ["cards"],
    ["run", "augment", "diagnose", "install"],
    ["experiment_recipes"],
    ["experiment_grid"],
    ["experiment_cells"],
    ["hub", "app", "experiments"],
    ["cli"],
]
TORCH_ALLOWED = {
    *("models", "windows", "alignment", "prediction", "discriminator", "context_dropout", "training", "taggers"),
    *("options", "experiments", "threads"),
}


def stage_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[str, bool]]:
    """Modules a file imports, each with whether it is one of the package's stages."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name.split(".")[0], False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((node.module.split(".")[0], False))
        elif isinstance(node, ast.ImportFrom) and node.level == depth:
            found += (
                [(node.module.split(".")[0], True)] if node.module else [(alias.name, True) for alias in node.names]
            )
    return found


def sources() -> list[Path]:
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py" or path.parent != PACKAGE
        if "metrics" not in path.parts
    ]


def test_every_module_has_its_place_in_the_order():
    assert {stage_of(path) for path in sources()} == {stage for row in ORDER for stage in row}


def test_no_stage_imports_a_later_one():
    rank = {stage: i for i, row in enumerate(ORDER) for stage in row}
    backwards = [
        f"{stage_of(path)} imports {name}"
        for path in sources()
        for name, ours in imports_of(path)
        if ours and name in rank and name != stage_of(path) and rank[name] >= rank[stage_of(path)]
    ]
    assert backwards == []


def test_torch_and_transformers_stay_in_their_stages():
    outside = {
        stage_of(path)
        for path in sources()
        for name, ours in imports_of(path)
        if not ours and name in ("torch", "transformers") and stage_of(path) not in TORCH_ALLOWED | {"cli"}
    }
    assert outside == set()


def test_spans_and_scoring_import_numpy_at_most():
    third_party = {
        name
        for stage in ("errors", "arrays", "spans", "scoring")
        for name, ours in imports_of(PACKAGE / f"{stage}.py")
        if not ours and name not in sys.stdlib_module_names
    }
    assert third_party == {"numpy"}


def test_importing_the_package_loads_neither_torch_nor_transformers_nor_datasets():
    code = (
        "import sys, hf_cfgen; from hf_cfgen import spans, scoring;"
        "print(sorted({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_help_of_the_command_line_loads_neither_torch_nor_transformers_nor_datasets():
    code = (
        "import sys; sys.argv = ['hf-cfgen', '--help']; from hf_cfgen.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.startswith("usage: hf-cfgen run") and run.stdout.endswith("\n[]\n")


def test_every_public_name_can_be_imported():
    assert set(hf_cfgen.__all__) - {"__version__"} == set(hf_cfgen._MODULE_OF)
    for name in hf_cfgen.__all__:
        assert getattr(hf_cfgen, name) is not None
