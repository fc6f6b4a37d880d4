"""Write docs/formats.md from the docstrings of the formats and the samples that the tests read.

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

`hf-cfgen run`, `augment` and `diagnose`, and `load_ner_dataset`, read these formats. `augment` writes the format that
it reads. The format is detected from the content of a file, never from its name, except that a brat document has a
`.ann` file. If several formats fit, or none, the command reports an error that lists them, and you set the format with
`--format`. It also takes a format of your own, by the import path of its class: see CONTRIBUTING.md.

| format | what it is | tokens | overlapping mentions |
|---|---|---|---|
"""
TAIL = """
## Parquet

A Parquet file has the same two columns: lists of strings, and lists of `ClassLabel`, of strings, or of integers that
`--tag_names` names:

```text
tokens: list<string>, ner_tags: list<string>
```

## Rules for all formats

- **Offsets** count Unicode code points from 0, and the end is excluded (in CLUENER, it is included). In many versions,
  doccano and Label Studio count UTF-16 code units instead. The two differ after emoji and rare characters. If a Label
  Studio region includes its text, the reader infers the offset unit from it. Otherwise, a record in which the units
  differ is an error; set `--offsets characters` or `--offsets utf16`.
- If a Label Studio task has several **annotations**, the first one that is not cancelled is used, with a warning.
- **Tokens** of text are characters (every code point) or words. A word is a run of letters, digits, combining marks,
  underscores and format characters, or any other single character that is not white space. The default is characters
  for CCKS and CLUENER, and for data in which most letters are Chinese, Japanese or Thai; otherwise words.
  `--tokenization` overrides it. A mention that starts or ends inside a word is an error.
- `--types A B` selects entity types, `--label_map OLD=NEW` renames them, and `--max_length N` splits longer texts at
  sentence ends.
- `augment` does not change the **text around a replaced mention**, including white space. It adds a space between
  words that would otherwise run together. It reads the output again and compares it before the file gets its final
  name. For tables and JSON lines of tokens, it keeps the other fields of a record; fields that become false
  (token-level annotations, texts, lists of objects) are null. For the other formats, it writes the text and the
  mentions. Cells of CSV are text.
- Unchanged **CoNLL** sentences keep their lines. In counterfactual sentences, all columns except the word and the tag
  are `_`. `--word_column` and `--tag_column` set the columns of the word and the tag.
- `<output>.candidates.jsonl` has the source, the score and the reason of every candidate.
- A **bad record** is an error. The message names the file, the record and the remedy, the exit status is 2, and
  nothing is written. `--skip_bad_records` skips bad records and writes them, with the reason, to a JSON Lines file.
"""


def page() -> str:
    """Return the page."""
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
