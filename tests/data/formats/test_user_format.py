"""A format that a user adds: the one that CONTRIBUTING.md shows."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hf_cfgen import CfgenError, Format, load_ner_dataset, register_format
from hf_cfgen.cli.main import main
from hf_cfgen.data.columns import tag_column
from hf_cfgen.data.formats import base
from hf_cfgen.data.reading import read_splits

CONTRIBUTING = Path(__file__).parents[3] / "CONTRIBUTING.md"
SAMPLE = "Ada met Bo\t0:3:PER\t8:10:PER\nCy slept\t0:2:PER\nIt rained\n"


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> str:
    """The code of the page. Formats that a test registers are removed after it."""
    monkeypatch.setattr(base, "_FORMATS", dict(base._FORMATS))
    blocks = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if "class Tabs(Format)" in block]
    return block


def test_it_is_detected_read_and_written(write: Callable[..., Path], code: str) -> None:
    exec(code, {})
    path = write("train.txt", SAMPLE)
    source = read_splits(path)
    assert (source.format, source.unit) == ("tabs", "words")
    train = source.splits["train"]
    assert list(train["tokens"]) == [["Ada", "met", "Bo"], ["Cy", "slept"], ["It", "rained"]]
    assert tag_column(train) == [["B-PER", "O", "B-PER"], ["B-PER", "O"], ["O", "O"]]
    assert len(load_ner_dataset(path, format="tabs")["train"]) == 1
    main(["augment", str(path), str(path.with_name("new.txt")), "--recipe", "budget", "--k", "9"])
    lines = path.with_name("new.txt").read_text().splitlines()
    # each mention replaced by each of the two other names
    assert sorted(lines) == [
        "Ada met Ada\t0:3:PER\t8:11:PER",
        "Ada met Cy\t0:3:PER\t8:10:PER",
        "Ada slept\t0:3:PER",
        "Bo met Bo\t0:2:PER\t7:9:PER",
        "Bo slept\t0:2:PER",
        "Cy met Bo\t0:2:PER\t7:9:PER",
    ]


def test_its_import_path_names_it_on_the_command_line(
    write: Callable[..., Path], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = write("my_tabs.py", code.replace("register_format(Tabs())", ""))
    monkeypatch.syspath_prepend(module.parent)
    path = write("in.txt", SAMPLE)
    main(["augment", str(path), str(path.with_name("out.txt")), "--format", "my_tabs:Tabs"])
    assert read_splits(path.with_name("out.txt")).format == "tabs"
    with pytest.raises(CfgenError, match="my_tabs:Tab: my_tabs has no Tab"):
        read_splits(path, format="my_tabs:Tab")


def test_its_mentions_are_checked(write: Callable[..., Path], code: str) -> None:
    exec(code, {})
    path = write("in.txt", "Ada ran\t0:3:PER\nBo sat\t0:9:PER\n")
    with pytest.raises(CfgenError, match=r"in\.txt:2: PER \[0:9\] is outside the text of 6 characters"):
        read_splits(path)
    assert [record.where for record in read_splits(path, skip_bad_records=True).skipped] == [f"{path}:2"]


def test_what_cannot_be_registered(code: str) -> None:
    class Named(base.Format[Any]):
        def detect(self, head: str) -> bool:
            return False

        def read(self, path: Path) -> Iterator[Any]:
            return iter(())

        def write(self, records: Any, path: Path, sources: Any) -> None:
            pass

    for given, message in ((Named, "is not a Format"), (Named(), "Named needs a name other than auto, csv, parquet")):
        with pytest.raises(CfgenError, match=message):
            register_format(given)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="abstract"):
        Format()  # type: ignore[abstract]
