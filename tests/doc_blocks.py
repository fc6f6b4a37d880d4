"""The code blocks of a page, run one after the other as its reader would: python -m tests.doc_blocks PAGE

Blocks in `python` share one session, those in `bash` are run by bash; a block in `text` directly after one of them is
its standard output, with `...` for what varies. The first that does not do what the page says ends the work.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

RUN = ("python", "bash")
SHOWN = ("text", "json", "yaml", "bibtex", "csv")
SERVERS = ("hf-cfgen app", "python -m http.server")
SERVER_SECONDS = 120
_FENCE = re.compile(r" *```(.*)")


class Block(NamedTuple):
    """A fenced block, the number of its first line of code, and the output that the page shows for it."""

    language: str
    code: str
    line: int
    output: str | None = None


class Wrong(Exception):
    """A block that is not what the page says."""


def blocks(text: str) -> list[Block]:
    """All blocks of a page, checked."""
    found: list[Block] = []
    opened: tuple[str, int] | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not (fence := _FENCE.fullmatch(line)):
            continue
        if opened is None:
            opened = fence[1], number + 1
            continue
        if fence[1]:
            raise Wrong(f"line {number + 1}: a block begins within the block of line {opened[1]}")
        (language, first), opened = opened, None
        if language not in RUN + SHOWN:
            raise Wrong(f"line {first}: a block in {language!r}: give it one of {', '.join(RUN + SHOWN)}")
        block = Block(language, "".join(f"{code}\n" for code in lines[first:number]), first + 1)
        before = found[-1] if found else None
        if language == "text" and before and before.language in RUN:
            between = lines[before.line + before.code.count("\n") : first - 1]
            if not any(between):
                found[-1] = before._replace(output=block.code)
        found.append(block)
    if opened is not None:
        raise Wrong(f"line {opened[1]}: a block without an end")
    return found


def run(page: Path) -> None:
    """Run the blocks of a page in the working folder."""
    session: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language not in RUN:
            continue
        where, begin = f"{page.name}, line {block.line}", time.perf_counter()
        output = _python(block, where, session) if block.language == "python" else _bash(block, where)
        if block.output is not None and not doctest.OutputChecker().check_output(
            block.output, output, doctest.ELLIPSIS
        ):
            raise Wrong(f"{where}: the page shows\n{block.output}\nbut what was printed is\n{output}")
        print(f"{where}: {time.perf_counter() - begin:.1f} s", flush=True)


def _python(block: Block, where: str, session: dict[str, Any]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile("\n" * (block.line - 1) + block.code, where, "exec"), session)
    return printed.getvalue()


def _bash(block: Block, where: str) -> str:
    command = ["bash", "-euo", "pipefail", "-c", block.code]
    if block.code.startswith(SERVERS):
        return _serve(command, where)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{where}: status {done.returncode}\n{block.code}{done.stdout}{done.stderr}")
    return done.stdout


def _serve(command: list[str], where: str) -> str:
    """Start a server, wait until the address that it prints answers, stop it."""
    command[-1] = f"exec {command[-1]}"  # the server itself, not a shell around it, is what is stopped
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    late = threading.Timer(SERVER_SECONDS, server.kill)
    late.start()
    printed = ""
    try:
        for line in server.stdout:
            printed += line
            if address := re.search(r"http://(localhost|[\d.]+):\d+", line):
                while server.poll() is None:
                    with contextlib.suppress(URLError), urlopen(address[0], timeout=SERVER_SECONDS):
                        return printed
                    time.sleep(0.2)
        raise Wrong(f"{where}: the server ended with status {server.wait()}\n{printed}")
    finally:
        late.cancel()
        server.terminate()
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]))
    except Wrong as error:
        sys.exit(str(error))
