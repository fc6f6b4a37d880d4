"""Read pretrained vectors from word2vec files, text or binary."""

from pathlib import Path

import numpy as np

from ..errors import CfgenError


def load_vectors(path: str | Path) -> dict[str, np.ndarray]:
    """Read pretrained vectors from a word2vec file.

    The header line has the count and the dimensions. The values are text or little-endian float32; the function
    detects which.

    Args:
        path (`str` or `Path`): The file.

    Returns:
        `dict[str, np.ndarray]`: One float32 vector per token, in file order. A repeated token keeps its first vector.

    Raises:
        CfgenError: The file is missing or is not a word2vec file.
    """
    path = Path(path)
    if not path.is_file():
        raise CfgenError(f"{path}: no such file; give a file of vectors in word2vec text or binary format")
    content = path.read_bytes()
    header, _, body = content.partition(b"\n")
    fields = header.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        raise CfgenError(f"{path}:1: the header of a word2vec file is 'COUNT DIMENSIONS', not {header[:40]!r}")
    count, size = int(fields[0]), int(fields[1])
    return _read_text(path, body, size) if _is_text(body, size) else _read_binary(path, body, count, size)


def _is_text(body: bytes, size: int) -> bool:
    fields = body.partition(b"\n")[0].decode("utf-8", errors="replace").rstrip("\r ").split(" ")
    try:
        return len([float(field) for field in fields[-size:]]) == size and len(fields) > size
    except ValueError:
        return False


def _read_text(path: Path, body: bytes, size: int) -> dict[str, np.ndarray]:
    tokens, rows = [], []
    for number, line in enumerate(body.decode("utf-8", errors="replace").split("\n"), start=2):
        if not line.strip("\r "):
            continue
        # split from the right, because a token can contain spaces
        token, *values = line.rstrip("\r ").rsplit(" ", size)
        try:
            rows.append(np.array(values, dtype=np.float32))
        except ValueError:
            raise CfgenError(f"{path}:{number}: {size} numbers expected after the token") from None
        if len(values) != size:
            raise CfgenError(f"{path}:{number}: {size} numbers expected after the token, {len(values)} found")
        tokens.append(token)
    return _first_of_each(tokens, rows)


def _read_binary(path: Path, body: bytes, count: int, size: int) -> dict[str, np.ndarray]:
    tokens, rows = [], []
    offset = 0
    for number in range(count):
        end = body.find(b" ", offset)
        if end < 0 or len(body) < end + 1 + 4 * size:
            raise CfgenError(f"{path}: vector {number + 1} of {count} is cut off, or this is no word2vec file")
        tokens.append(body[offset:end].lstrip(b"\n").decode("utf-8", errors="replace"))
        rows.append(np.frombuffer(body, dtype="<f4", count=size, offset=end + 1))
        offset = end + 1 + 4 * size
    return _first_of_each(tokens, rows)


def _first_of_each(tokens: list[str], rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    vectors: dict[str, np.ndarray] = {}
    for token, row in zip(tokens, rows):
        vectors.setdefault(token, row)
    return vectors
