"""The pages of the documentation: they build, and every code block on them does what the page says."""

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import hf_cfgen

from ..doc_blocks import RUN, Wrong, blocks, run
from ..doc_folder import REPOSITORY, make_folder, make_run
from ..hub_server import TOKEN, running

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BIN = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
RUN_PAGES = [page for page in PAGES if re.search(f"```({'|'.join(RUN)})", page.read_text("utf-8"))]
REFERENCE = REPOSITORY / "docs" / "reference.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages") / "checkout"
    made.mkdir()
    make_folder(made)
    make_run(made)
    return made


@pytest.mark.docs
@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.name)
def test_every_code_block_runs_and_prints_what_the_page_says(page, folder, tmp_path):
    text, own = page.read_text(encoding="utf-8"), tmp_path / "checkout"
    shutil.copytree(folder, own, symlinks=True)
    if "--output_dir runs/mine\n" in text:  # made by the page itself
        shutil.rmtree(own / "runs" / "mine")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PIP_", "MAKE"))}
    with running() as hub:
        done = subprocess.run(
            [sys.executable, "-m", "tests.doc_blocks", str(page)],
            cwd=own,
            env=environment
            | {
                "PATH": BIN,
                "PYTHONPATH": os.pathsep.join([str(own), str(REPOSITORY)]),
                "HF_HOME": str(tmp_path / "home"),
                "HF_ENDPOINT": hub.endpoint,
                "HF_TOKEN": TOKEN,
                "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_EVALUATE_OFFLINE": "1",
                # what is installed goes to a folder of its own, and nothing is asked of an index
                "PIP_TARGET": str(tmp_path / "installed"),
                "PIP_NO_INDEX": "1",
                "PIP_NO_DEPS": "1",
                "PIP_NO_BUILD_ISOLATION": "0",  # pip reads the value for what the option stores: 0 is no isolation
            },
            capture_output=True,
            text=True,
        )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    ran = done.stdout.count(f"{page.name}, line ")
    assert ran == sum(block.language in RUN for block in blocks(text)) > 0
    # the commands that make the results and the tables made these
    for file in (own / "experiments").rglob("*.json"):
        assert file.read_bytes() == (REPOSITORY / file.relative_to(own)).read_bytes()


@pytest.mark.docs
def test_the_site_builds_without_a_warning_has_all_names_and_asks_no_other_host(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    assert len(lines) == 3 and all(line.startswith("INFO ") for line in lines)
    pages = {page.stem: page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html")}
    assert pages.keys() == {page.stem for page in PAGES[1:]} | {"404"}
    for html in pages.values():
        assert not re.search(r"<(script|img|iframe)[^>]*\ssrc=\"?(https?:)?//|<link[^>]*\shref=\"?(https?:)?//", html)
    for style in tmp_path.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text(encoding="utf-8"))
    shown = set(re.findall(r'id="(hf_cfgen\.[\w.]+)"', pages["reference"]))
    assert {f"hf_cfgen.{name}" for name in hf_cfgen.__all__} <= shown
    # sections are set as lists and code, not as the text that they are in the source
    assert not re.search(r"<p>(Args|Attributes|Returns|Raises|Example):", pages["reference"])


@pytest.mark.docs
def test_docstrings_become_lists_paragraphs_and_code():
    from scripts.griffe_docstrings import as_markdown

    docstring = """One line.

Args:
    a (`str`, *optional*, defaults to `"x"`): First,
        and more.
        - an item
    kwargs (`Any`): The rest.

Returns:
    `dict`: Of

    - `b` (`int`).

Raises:
    CfgenError: It is bad.

Example:

>>> 1
1"""
    assert (
        as_markdown(docstring)
        == """One line.

**Args**

- **a** (`str`, *optional*, defaults to `"x"`): First,
    and more.

    - an item
- **kwargs** (`Any`): The rest.

**Returns**

`dict`: Of

- `b` (`int`).

**Raises**

- `CfgenError`: It is bad.

**Example**

```pycon
>>> 1
1
```"""
    )


def test_every_public_name_is_in_the_reference():
    listed = re.findall(r"^::: ([\w.]+)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    names = {f"hf_cfgen.{name}" for name in hf_cfgen.__all__}
    objects = {getattr(hf_cfgen, name) for name in hf_cfgen.__all__}
    for module in map(
        import_module,
        ("hf_cfgen.tagging.spans", "hf_cfgen.tagging.scoring", "hf_cfgen.data", "hf_cfgen.evaluation.diagnosis"),
    ):
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "").startswith(module.__name__) and callable(value)
            if own and not name.startswith("_") and value not in objects:
                names.add(f"{module.__name__}.{name}")
    assert set(listed) - {"hf_cfgen.tagging.spans"} == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_has_a_language(page):
    blocks(page.read_text(encoding="utf-8"))


def test_blocks_are_found_with_their_output():
    page = "a\n```bash\nls\n```\n\n```text\nx\n```\n\n```python\n1\n```\nsaid\n"
    page += "```text\ny\n```\n- b\n  ```json\n{}\n  ```\n"
    assert [tuple(block) for block in blocks(page)] == [
        ("bash", "ls\n", 3, "x\n"),
        ("text", "x\n", 7, None),
        ("python", "1\n", 11, None),
        ("text", "y\n", 15, None),
        ("json", "{}\n", 19, None),
    ]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("```\nx\n```\n", "line 1: a block in ''"),
        ("```console\nx\n```\n", "line 1: a block in 'console'"),
        ("```text\nx\n", "line 1: a block without an end"),
        ("```text\nx\n```python\n```\n", "line 3: a block begins within the block of line 1"),
    ],
)
def test_a_block_that_is_not_well_formed_is_refused(page, message):
    with pytest.raises(Wrong, match=f"^{message}"):
        blocks(page)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "line 2: the page shows\n2\n\nbut what was printed is\n1"),
        ("```bash\necho 1\n```\n```text\n1\n2\n```\n", "line 2: the page shows\n1\n2\n"),
        ("```bash\nfalse | true\n```\n", "line 2: status 1"),
        ("```bash\necho $unset_name\n```\n", "line 2: status "),
        ("```bash\npython -m http.server nonsense\n```\n", "line 2: the server ended with status 2"),
    ],
)
def test_a_block_that_does_not_do_what_the_page_says_is_refused(page, message, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", BIN)
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(Wrong, match=f"^page.md, {re.escape(message)}"):
        run(tmp_path / "page.md")


def test_an_error_in_python_names_its_line(tmp_path):
    (tmp_path / "page.md").write_text("text\n\n```python\na = 1\na.b\n```\n")
    with pytest.raises(AttributeError) as raised:
        run(tmp_path / "page.md")
    last = raised.traceback[-1]
    assert (str(last.path).endswith("page.md, line 4"), last.lineno + 1) == (True, 5)


def test_blocks_in_python_share_a_session_and_output_may_vary(tmp_path, capsys):
    (tmp_path / "page.md").write_text(
        "```python\na = 3\n```\n```python\nprint('took', a, 'seconds')\n```\n```text\ntook ... seconds\n```\n"
    )
    run(tmp_path / "page.md")
    assert capsys.readouterr().out.count("page.md, line ") == 2


def test_a_server_is_started_asked_and_stopped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", BIN)
    (tmp_path / "page.md").write_text(
        "```bash\npython -m http.server 0 --bind 127.0.0.1\n```\n```text\nServing HTTP on 127.0.0.1 port ...\n```\n"
    )
    run(tmp_path / "page.md")
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not [child for child in children if b"http.server" in Path(f"/proc/{child}/cmdline").read_bytes()]
