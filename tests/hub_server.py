"""A small server on loopback that speaks the HTTP protocol of the Hub, with faults."""

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN = "hf_ThisTokenMustNotAppearAnywhere0"
DATASET_TYPE = r"([\w-]+/)?[\w.-]+"  # of a result in a model-index; the Hub refuses other names
SIGNATURE = "X-Amz-Signature=f00dcafef00dcafe"


class File(NamedTuple):
    """A file of a commit."""

    content: bytes
    lfs: bool

    @property
    def oid(self) -> str:
        if self.lfs:
            return hashlib.sha256(self.content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()


@dataclass
class Repository:
    """Its commits, the newest last; each has all files."""

    private: bool
    commits: list[tuple[str, dict[str, File]]] = field(default_factory=list)
    uploaded: dict[str, bytes] = field(default_factory=dict)

    @property
    def head(self) -> tuple[str, dict[str, File]]:
        return self.commits[-1]

    def commit(self, files: dict[str, File]) -> str:
        sha = hashlib.sha1(f"{len(self.commits)} {sorted(files.items())}".encode()).hexdigest()
        self.commits.append((sha, files))
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, File]] | None:
        return self.head if revision == "main" else next((c for c in self.commits if c[0] == revision), None)


@dataclass
class Fault:
    """What goes wrong with the first `times` requests that match, `METHOD /path`, for a new repository with its name.

    A status answers with it; `"cut"` closes the connection, in an upload after half of it; `"lose"` does what is asked
    and closes the connection without an answer; `"race"` lets somebody else commit `files` first; `"hold"` stops in
    the middle of an upload until `released`.
    """

    request: str
    what: int | str
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""
    files: dict[str, File] = field(default_factory=dict)
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Hub(ThreadingHTTPServer):
    """The server; tests look at `repositories`, `requests`, and set `faults`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.requests: list[str] = []
        self.cards: list[str] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""


@contextmanager
def running() -> Iterator[Hub]:
    with Hub() as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        yield hub
        hub.shutdown()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        self.path = unquote(urlsplit(self.path).path)
        length = int(self.headers.get("Content-Length", 0))
        self.body = b"" if self.command == "PUT" else self.rfile.read(length)
        request = f"{self.command} {self.path}"
        if request == "POST /api/repos/create":
            request += " {organization}/{name}".format(**json.loads(self.body))
        with self.server.lock:
            self.server.requests.append(request)
            fault = next((f for f in self.server.faults if f.times and re.search(f.request, request)), None)
            if fault:
                fault.times -= 1
        if fault and fault.what in ("cut", "hold"):
            if self.command == "PUT":
                self.rfile.read(length // 2)
            fault.reached.set()
            if fault.what == "hold":
                fault.released.wait(60)
            return self._close()
        if self.command == "PUT":
            self.body = self.rfile.read(length)
        if fault and isinstance(fault.what, int):
            return self._json({"error": fault.message}, fault.what, fault.headers)
        self.lost = bool(fault and fault.what == "lose")
        for pattern, method in ROUTES.items():
            if found := re.fullmatch(pattern, request):
                parts = found.groupdict()
                if "id" not in parts:
                    return method(self)
                repository = self.server.repositories.get((parts.pop("kind") or "models", parts.pop("id")))
                signed = self.command == "PUT"  # by the address, as at a store of objects
                if repository is None or (repository.private and not signed and not self._authorized()):
                    return self._error(404 if self._authorized() else 401, "RepoNotFound")
                if fault and fault.what == "race":
                    repository.commit({**repository.head[1], **fault.files})
                return method(self, repository, **parts)
        return self._error(404, "EntryNotFound")

    do_GET = do_HEAD = do_POST = do_PUT = _serve

    def _authorized(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _close(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        if self.lost:
            return self._close()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    lost = False

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._answer(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def _error(self, status: int, code: str) -> None:
        self._json({"error": code}, status, {"X-Error-Code": code})

    def create(self) -> None:
        asked = json.loads(self.body)
        key = f"{asked.get('type', 'model')}s", f"{asked['organization']}/{asked['name']}"
        kind = "" if key[0] == "models" else f"{key[0]}/"
        if not self._authorized():
            return self._json({"error": "Invalid username or password."}, 401)
        with self.server.lock:
            known = key in self.server.repositories
            if not known:
                repository = self.server.repositories[key] = Repository(asked.get("visibility") == "private")
                repository.commit({".gitattributes": File(b"*.parquet filter=lfs\n", False)})
        self._json({"url": f"{self.server.endpoint}/{kind}{key[1]}", "name": key[1]}, 409 if known else 200)

    def validate(self) -> None:
        content = json.loads(self.body)["content"]
        self.server.cards.append(content)
        front = yaml.safe_load(content.split("---\n")[1])
        wrong = [name for name in ("license", "pretty_name") if not isinstance(front.get(name, ""), str)]
        wrong += [name for name in ("language", "tags", "configs") if not isinstance(front.get(name, []), list)]
        wrong += [code for code in front.get("language", []) if not re.fullmatch("[a-z]{2,3}", str(code))]
        for result in (result for model in front.get("model-index", []) for result in model["results"]):
            if not re.fullmatch(DATASET_TYPE, result["dataset"]["type"], re.ASCII):
                wrong.append("dataset.type")
        errors = [{"message": f"{name} is not right"} for name in wrong]
        self._json({"errors": errors, "warnings": []}, 400 if errors else 200)

    def preupload(self, repository: Repository, revision: str) -> None:
        answers = []
        for file in json.loads(self.body)["files"]:
            there = repository.head[1].get(file["path"])
            mode = "lfs" if file["path"].endswith((".parquet", ".safetensors")) else "regular"
            answer = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
            answers.append(answer | ({"oid": there.oid} if there else {}))
        self._json({"files": answers})

    def lfs_batch(self, repository: Repository) -> None:
        def action(item: dict[str, Any]) -> dict[str, Any]:
            if item["oid"] in repository.uploaded:
                return item
            href = f"{self.server.endpoint}{self.path.partition('.git')[0]}/lfs/{item['oid']}?{SIGNATURE}"
            return item | {"actions": {"upload": {"href": href}}}

        objects = [action(item) for item in json.loads(self.body)["objects"]]
        self._json({"transfer": "basic", "objects": objects})

    def upload(self, repository: Repository, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return self._error(400, "BadDigest")
        repository.uploaded[oid] = self.body
        self._answer(b"")

    def commit(self, repository: Repository, revision: str) -> None:
        lines = [json.loads(line) for line in self.body.splitlines()]
        with self.server.lock:
            sha, files = repository.head
            files = dict(files)
            for line in lines:
                value = line["value"]
                if line["key"] == "header" and value.get("parentCommit") not in (None, sha):
                    return self._error(412, "PreconditionFailed")
                if line["key"] == "file":
                    files[value["path"]] = File(base64.b64decode(value["content"]), False)
                if line["key"] == "lfsFile":
                    files[value["path"]] = File(repository.uploaded[value["oid"]], True)
                if line["key"] == "deletedFile":
                    del files[value["path"]]
            sha = repository.commit(files)
        url = self.server.endpoint + self.path.replace("/api/models/", "/").replace("/api/", "/").removesuffix("main")
        self._json({"commitOid": sha, "commitUrl": url + sha})

    def info(self, repository: Repository, revision: str | None = None) -> None:
        if (found := repository.at(revision or "main")) is None:
            return self._error(404, "RevisionNotFound")
        names = [{"rfilename": name} for name in found[1]]
        self._json({"id": "a/b", "sha": found[0], "private": repository.private, "siblings": names})

    def tree(self, repository: Repository, revision: str, folder: str | None = None) -> None:
        if (found := repository.at(revision)) is None:
            return self._error(404, "RevisionNotFound")
        under = f"{folder}/" if folder else ""
        items: dict[str, Any] = {}
        for name, file in found[1].items():
            if name.startswith(under):
                top, slash, _ = name[len(under) :].partition("/")
                items[top] = _directory(under + top) if slash else _entry(name, file)
        self._json(list(items.values()))

    def paths_info(self, repository: Repository, revision: str) -> None:
        asked = parse_qs(self.body.decode())["paths"]
        files = (repository.at(revision) or repository.head)[1]
        folders = {name.rpartition("/")[0] for name in files}
        entries = [_entry(name, files[name]) for name in asked if name in files]
        self._json(entries + [_directory(name) for name in asked if name in folders])

    def resolve(self, repository: Repository, revision: str, name: str) -> None:
        sha, files = repository.at(revision) or repository.head
        if name not in files:
            return self._error(404, "EntryNotFound")
        file = files[name]
        headers = {"X-Repo-Commit": sha, "ETag": f'"{file.oid}"', "Accept-Ranges": "bytes"}
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end = int(asked[1]), min(int(asked[2] or len(file.content)), len(file.content) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(file.content)}"
            return self._answer(file.content[start : end + 1], 206, headers)
        self._answer(file.content, 200, headers)


def _entry(name: str, file: File) -> dict[str, Any]:
    entry = {"type": "file", "path": name, "oid": file.oid, "size": len(file.content)}
    return entry | ({"lfs": {"oid": file.oid, "size": len(file.content), "pointerSize": 130}} if file.lfs else {})


def _directory(name: str) -> dict[str, Any]:
    return {"type": "directory", "path": name, "oid": hashlib.sha1(name.encode()).hexdigest(), "size": 0}


API = r"/api/(?P<kind>datasets|models|spaces)/(?P<id>[\w.-]+/[\w.-]+)"
GIT = r"/((?P<kind>datasets|spaces)/)?(?P<id>[\w.-]+/[\w.-]+)"
REVISION = "(?P<revision>[^/]+)"
ROUTES: dict[str, Any] = {
    "POST /api/repos/create .*": Handler.create,
    "POST /api/validate-yaml": Handler.validate,
    f"POST {API}/preupload/{REVISION}": Handler.preupload,
    rf"POST {GIT}\.git/info/lfs/objects/batch": Handler.lfs_batch,
    f"PUT {GIT}/lfs/(?P<oid>[0-9a-f]{{64}})": Handler.upload,
    f"POST {API}/commit/{REVISION}": Handler.commit,
    f"GET {API}(/revision/{REVISION})?": Handler.info,
    f"GET {API}/tree/{REVISION}(/(?P<folder>.+))?": Handler.tree,
    f"POST {API}/paths-info/{REVISION}": Handler.paths_info,
    f"(GET|HEAD) {GIT}/resolve/{REVISION}/(?P<name>.+)": Handler.resolve,
}
