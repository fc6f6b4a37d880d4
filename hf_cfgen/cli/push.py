"""The `push` command."""

from dataclasses import dataclass, field

from ..hub.push import push_dataset


@dataclass(kw_only=True)
class PushArguments:
    """What `hf-cfgen push` pushes, and where; see `push_dataset`.

    Args:
        run_dir (`str`): The output folder of `hf-cfgen run`.
        repo_id (`str`): The repository, `NAMESPACE/NAME`.
        public (`bool`, *optional*, defaults to `False`): Let everybody read it; needs `license`.
        license (`str`, *optional*): The license, as the Hub names it.
        language (`list[str]`, *optional*): ISO 639 codes.
        citation (`str`, *optional*): How to cite the source.
        dry_run (`str`, *optional*): A folder that takes what would be pushed.
    """

    run_dir: str = field(metadata={"help": "The output folder of hf-cfgen run."})
    repo_id: str = field(metadata={"help": "The repository, NAMESPACE/NAME."})
    public: bool = field(default=False, metadata={"help": "Let everybody read it; needs --license."})
    license: str | None = field(default=None, metadata={"help": "The license, as the Hub names it: cc-by-4.0."})
    language: list[str] | None = field(default=None, metadata={"help": "Languages of the data: zh, en."})
    citation: str | None = field(default=None, metadata={"help": "How to cite the source: text or BibTeX."})
    dry_run: str | None = field(default=None, metadata={"help": "Write what would be pushed to this folder."})


def push(arguments: PushArguments) -> None:
    """The command: push the data set and tell what was done.

    Args:
        arguments (`PushArguments`): What to push, and where.
    """
    options = {name: value for name, value in vars(arguments).items() if name not in ("run_dir", "repo_id")}
    pushed = push_dataset(arguments.run_dir, arguments.repo_id, **options)
    if arguments.dry_run:
        print(f"What would be pushed is in {pushed.url}")
    elif pushed.commit is None:
        print(f"{pushed.url} has all of it already")
    else:
        print(f"Pushed to {pushed.url} ({'public' if arguments.public else 'private'}), commit {pushed.commit}")
