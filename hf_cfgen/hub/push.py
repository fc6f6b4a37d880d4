"""Push the augmented dataset and the taggers of a run to the Hub."""

import itertools
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, DatasetInfo, HfApi, ModelInfo, get_token
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import validate_repo_id

from ..errors import CfgenError
from ..evaluation.run_result import CONFIGS, data_files, read_run, tagger_folder
from ..utils.files import check_new, finished_folder
from .cards import config_folder, dataset_card, model_card, repository_path

ATTEMPTS = 4

LONGEST_WAIT = 60  # seconds; if the Hub asks for more, the push fails with a message

# the base class of all its errors: from httpx or, since huggingface_hub 2, from httpx2
_HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]

_AGAIN = (408, 409, 412, 429, 500, 502, 503, 504)

_WHY = {
    401: "the Hub does not know you (401): log in with hf auth login, or set HF_TOKEN to a token that is valid",
    403: "you may not write there (403): use a token that may write, or another repository",
    409: "somebody else is writing there (409): push again",
    412: "somebody else is writing there (412): push again",
    429: "too many requests (429): push again later",
}


class Pushed(NamedTuple):
    """The result of a push.

    Args:
        url (`str`): The repository, or the folder of a dry run.
        commit (`str` or `None`): The new commit; `None` for a dry run, or if the repository was up to date.
    """

    url: str
    commit: str | None


def push_dataset(
    run_dir: str | Path,
    repo_id: str,
    *,
    public: bool = False,
    license: str | None = None,
    language: Sequence[str] | None = None,
    citation: str | None = None,
    dry_run: str | Path | None = None,
) -> Pushed:
    """Push a run's augmented dataset with a card, in one commit.

    The configs are `default` (train: the mix; validation; test), `counterfactual` (the kept examples), `rejected`
    and, of a run with unlabeled sentences, `pseudo_labeled`. Configs without rows are omitted. The token is the one of
    `huggingface_hub`: `hf auth login`, or `HF_TOKEN`.

    Args:
        run_dir (`str` or `Path`): The output folder of `hf-cfgen run`.
        repo_id (`str`): The repository, `NAMESPACE/NAME`. It is created if it does not exist.
        public (`bool`, *optional*, defaults to `False`): Make the repository public; requires `license`.
        license (`str`, *optional*): The license, as the Hub names it.
        language (`Sequence[str]`, *optional*): ISO 639 codes of the languages.
        citation (`str`, *optional*): How to cite the source of the data, as text or BibTeX.
        dry_run (`str` or `Path`, *optional*): Write the files to this folder and send nothing.

    Returns:
        `Pushed`: The repository and the commit.

    Raises:
        CfgenError: The folder is not a finished run, `public` is given without `license`, the repository exists with
            another visibility, or the Hub refuses. The repository is never left in a partial state.
    """
    run_dir = Path(run_dir)
    _check(repo_id, public, license, dry_run)
    card = dataset_card(run_dir, repo_id, license=license, language=language, citation=citation)
    files: dict[str, Path | bytes] = {
        repository_path(config, path): path for config, paths in data_files(run_dir).items() for path in paths.values()
    }
    folders = tuple(f"{config_folder(config)}/" for config in CONFIGS.values())
    return _push("dataset", repo_id, public, {"README.md": f"{card}\n".encode(), **files}, folders, dry_run)


def push_model(
    run_dir: str | Path,
    repo_id: str,
    tagger: str | None = None,
    *,
    public: bool = False,
    license: str | None = None,
    language: Sequence[str] | None = None,
    citation: str | None = None,
    dry_run: str | Path | None = None,
) -> Pushed:
    """Push a tagger of a run with its tokenizer and a card, in one commit.

    Args:
        tagger (`str`, *optional*): `"NoAug"`, `"Aug"`, `"Control"` or `"Student"`. Defaults to the tagger that the run
            recommends.
        run_dir, repo_id, public, license, language, citation, dry_run: See `push_dataset`.

    Returns:
        `Pushed`: The repository and the commit.

    Raises:
        CfgenError: See `push_dataset`; or the run does not have this tagger, or recommends none.
    """
    run_dir = Path(run_dir)
    _check(repo_id, public, license, dry_run)
    tagger = tagger or read_run(run_dir).recommendation.tagger
    if tagger is None:
        raise CfgenError(f"{run_dir}: no tagger of this run is usable: label more sentences, or name the tagger")
    card = model_card(run_dir, tagger, repo_id, license=license, language=language, citation=citation)
    folder = tagger_folder(run_dir, tagger)
    files: dict[str, Path | bytes] = {path.name: path for path in sorted(folder.glob("[!.]*")) if path.is_file()}
    if not any(name.endswith(".safetensors") for name in files):
        raise CfgenError(f"{folder} no longer has weights: run it again")
    return _push("model", repo_id, public, {**files, "README.md": f"{card}\n".encode()}, (), dry_run)


def _check(repo_id: str, public: bool, license: str | None, dry_run: str | Path | None) -> None:
    if public and not license:
        raise CfgenError("public without a license: give --license, or omit --public")
    try:
        validate_repo_id(repo_id)
    except ValueError as error:
        raise CfgenError(f"--repo_id {repo_id!r}: {' '.join(str(error).split())}") from None
    if "/" not in repo_id:
        raise CfgenError(f"--repo_id is {repo_id!r}: give the user or organization too, NAMESPACE/{repo_id}")
    if dry_run is not None:
        check_new(Path(dry_run))


def _push(
    kind: str,
    repo_id: str,
    public: bool,
    files: Mapping[str, Path | bytes],
    folders: tuple[str, ...],
    dry_run: str | Path | None,
) -> Pushed:
    """Push files or bytes to their paths, and remove other files from `folders`. Retry temporary errors."""
    if dry_run is not None:
        with finished_folder(Path(dry_run)) as folder:
            for name, content in files.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        return Pushed(str(dry_run), None)
    for attempt in itertools.count(1):
        try:
            with _quiet():
                return _push_once(kind, repo_id, public, files, folders)
        except CfgenError:
            raise
        except (_HTTP_ERROR, OSError, RuntimeError, ValueError) as error:
            wait = _wait(error, attempt)
            if wait is None:
                raise CfgenError(f"{repo_id} is not pushed: {_explained(error)}") from None
        time.sleep(wait)
    raise AssertionError("unreachable")


def _push_once(
    kind: str, repo_id: str, public: bool, files: Mapping[str, Path | bytes], folders: tuple[str, ...]
) -> Pushed:
    api = HfApi()
    url = str(api.create_repo(repo_id, repo_type=kind, private=not public, exist_ok=True))
    info = api.repo_info(repo_id, repo_type=kind)
    if info.private == public:
        visibility, remedy = ("private", "without --public") if public else ("public", "with --public and --license")
        raise CfgenError(
            f"{repo_id} exists and is {visibility}: push {remedy}, change its settings, or choose another"
        )
    assert isinstance(info, ModelInfo | DatasetInfo)
    names = [file.rfilename for file in info.siblings or []]
    stale = [name for name in names if name.startswith(folders) and name not in files] if folders else []
    done = api.create_commit(
        repo_id,
        [
            *(CommitOperationAdd(name, content) for name, content in files.items()),
            *(CommitOperationDelete(name) for name in stale),
        ],
        commit_message="Push a run of hf_cfgen",
        repo_type=kind,
        # files that are skipped because they exist must not change in the meantime
        parent_commit=info.sha,
    )
    return Pushed(url, None if done.oid == info.sha else done.oid)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence huggingface_hub and its client, whose messages contain signed upload URLs."""
    loggers = [logging.getLogger(name) for name in ("huggingface_hub", _HTTP_ERROR.__module__.partition(".")[0])]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before):
            logger.setLevel(level)


def _wait(error: BaseException, attempt: int) -> float | None:
    """Seconds until the next attempt; `None` to give up."""
    if attempt == ATTEMPTS:
        return None
    response = _response(error)
    if response is None:
        return 2.0 ** (attempt - 1) if isinstance(error, _HTTP_ERROR) else None
    if response.status_code not in _AGAIN:
        return None
    asked = response.headers.get("Retry-After", "")
    wait = float(asked) if asked.isdecimal() else 2.0 ** (attempt - 1)
    return wait if wait <= LONGEST_WAIT else None


def _response(error: BaseException | None) -> Any:
    """The response of the Hub that caused an error."""
    while error is not None:
        if (response := getattr(error, "response", None)) is not None:
            return response
        error = error.__cause__
    return None


def _explained(error: BaseException) -> str:
    response = _response(error)
    if response is None:
        text, cause = str(error) or type(error).__name__, str(error.__cause__ or "")
        return _scrubbed(text if cause in text else f"{text}: {cause}")
    status = response.status_code
    why = _WHY.get(status, f"the Hub fails ({status}): push again later" if status >= 500 else f"status {status}")
    if status == 429 and (asked := response.headers.get("Retry-After", "")).isdecimal():
        why = f"too many requests (429): push again in {asked} seconds"
    said = getattr(error, "server_message", None) or getattr(error.__cause__, "server_message", None)
    return _scrubbed(f"{why}{f'; it says: {said}' if said else ''}")


def _scrubbed(text: str) -> str:
    """Put text on one line without tokens, credentials and URL queries, which may be signatures.

    >>> _scrubbed("PUT https://s3/x?X-Amz-Signature=1 with Authorization: Bearer hf_ABCDEFGHIJKLMNOPQRSTUVWX")
    'PUT https://s3/x with Authorization: Bearer ***'
    """
    text = " ".join(text.split())
    if token := get_token():
        text = text.replace(token, "***")
    text = re.sub(r"\bhf_\w{20,}", "***", text)
    text = re.sub(r"\b(Bearer|Basic) [^\s'\"]+", r"\1 ***", text)
    text = re.sub(r"(https?://)[^\s/@]*@", r"\1", text)
    return re.sub(r"(https?://[^\s?'\"]*)\?[^\s'\"]*", r"\1", text)
