"""Write docs/formats.md from the readers' docstrings and the samples that the tests read.

python scripts/update_formats.py
"""

import inspect
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from hf_cfgen.data.formats.base import TABLES, registered_formats  # noqa: E402
from tests.format_samples import BRAT, SAMPLES  # noqa: E402

EXPORTS = {"JSON": SAMPLES["label_studio"], "JSON-MIN": SAMPLES["label_studio_min"]}
PAGE = REPOSITORY / "docs" / "formats.md"
HEAD = """# File formats

`hf-cfgen run`, `augment` and `diagnose`, and `load_ner_dataset`, read these. `augment` writes the format that it read.
The format is judged by the content of a file, never by its name (a brat document is known by its `.ann`); where
several fit, or none, it is an error that names them, and `--format` decides.

| format | what it is | tokens | overlapping mentions |
|---|---|---|---|
"""
TAIL = """
## Parquet

The same two columns, lists of strings and lists of `ClassLabel`, of strings, or of integers named by `--tag_names`:

```text
tokens: list<string>, ner_tags: list<string>
```

## What holds for all

- Offsets count Unicode code points from 0, the end excluded (CLUENER: included, as the corpus has it). The browsers
  of doccano and Label Studio count UTF-16 code units in many versions, which differ after emoji and rare characters.
  Where the text of a Label Studio region tells which, that is used; else such a record is bad until
  `--offsets characters` or `--offsets utf16` says what they count.
- Of several annotations of a Label Studio task the first that is not cancelled is taken, with a warning.
- Text is cut into **characters**, every code point a token, or into **words**: runs of letters, digits, combining
  marks, underscores and format characters, or any other single character that is no blank. Characters for CCKS and
  CLUENER, and where most letters of the data are Chinese, Japanese or Thai; words elsewhere; `--tokenization` decides
  otherwise. A mention that cuts a word is an error.
- `--types A B` keeps these entity types, `--label_map OLD=NEW` renames some, `--max_length N` splits longer texts at
  sentence ends.
- `augment` leaves the text around a replaced mention as it is, blanks too; a blank is put between words that would run
  together. What is written is read again and compared before it gets its name. Of the fields of a record, those of
  tables and of JSON lines of tokens are carried along (null where a swap makes them false: tags of tokens, texts,
  lists of objects); of the other formats text and mentions are. Cells of CSV are text. CoNLL sentences that are not
  changed keep their lines; in counterfactual ones the columns besides the word's and the tag's are `_`.
  `--word_column` and `--tag_column` name these columns.
- `<output>.candidates.jsonl` has the source, the score and the reason of every candidate.
- A bad record is an error that names file, record and remedy, with exit status 2 and nothing written.
  `--skip_bad_records` goes on without it, and writes it with the reason to a file of JSON lines.
"""


def page() -> str:
    """The page, made anew."""
    rows, samples = [], []
    for format in registered_formats():
        name, title = format.name, (inspect.getdoc(type(format)) or "").partition("\n")[0].rstrip(".")
        tokens = {"given": "as given", "auto": "characters or words"}.get(format.tokenization, format.tokenization)
        overlaps = "the longest is kept" if format.keeps_longest else "an error" if tokens != "as given" else "none"
        rows.append(f"| `{name}` | {title} | {tokens} | {overlaps} |")
        language = "text" if name in ("brat", "conll") else "json"
        samples.append(f"## `{name}`\n\n{title}.")
        files = {"brat": BRAT, "label_studio": EXPORTS}.get(name) or {"": SAMPLES[name]}
        for file, content in files.items():
            samples.append(
                (f"{file if file in EXPORTS else f'`{file}`'}:\n\n" if file else "")
                + f"```{language}\n{content.rstrip()}\n```"
            )
    rows += [
        f"| `{name}` | {'A table with JSON lists in its cells' if name == 'csv' else 'A table'} | as given | none |"
        for name in TABLES
    ]
    samples.append(f"## `csv`\n\n```csv\n{SAMPLES['csv'].rstrip()}\n```")
    return HEAD + "\n".join(rows) + "\n\n" + "\n\n".join(samples) + "\n" + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
