"""A user's own functions, imported by name."""

import os
import subprocess
import sys

import pytest

from hf_cfgen.errors import CfgenError
from hf_cfgen.utils.objects import import_object


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "own_functions.py").write_text(
        "LIMIT = 3\ndef keep(row):\n    return None\nclass Own:\n    def call(): 0\n"
    )
    (tmp_path / "own_broken.py").write_text("import json\njson.nothing\n")
    (tmp_path / "own_importer.py").write_text("import no_such_module_at_all\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("own_functions", None)


def test_a_function_of_a_module_in_the_current_directory_is_found(module):
    assert import_object("own_functions:keep")({}) is None
    assert import_object("own_functions:Own.call").__name__ == "call"


def test_a_console_script_finds_the_current_directory_too(module):
    code = (
        "import sys; sys.path = [path for path in sys.path if path not in ('', '.')]\n"
        "from hf_cfgen.utils.objects import import_object; print(import_object('own_functions:keep').__name__)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (run.stdout, run.stderr) == ("keep\n", "")


@pytest.mark.parametrize(
    "path, message",
    [
        ("own_functions", "write my_module:my_name"),
        ("own_functions:", "write my_module:my_name"),
        (":keep", "write my_module:my_name"),
        ("own_functions.py:keep/2", "write my_module:my_name"),
        ("own_nowhere:keep", "cannot import own_nowhere .*run in the folder that holds it"),
        ("own_importer:keep", "no_such_module_at_all.*: correct the module"),
        ("own_broken:keep", "AttributeError.*: correct the module"),
        ("own_functions:drop", "own_functions has no drop: correct the name"),
        ("own_functions:LIMIT", "LIMIT is not callable"),
    ],
)
def test_a_wrong_path_says_what_to_do(module, path, message):
    with pytest.raises(CfgenError, match=message):
        import_object(path)
