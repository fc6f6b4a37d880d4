"""The command line: `hf-cfgen run`, `augment`, `diagnose`, `push`, `reproduce`, `report`, `install-metrics`, `app`."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import CfgenError
from ..utils.threads import limit_threads

MAIN_FIRST_SECONDS = 10

_USAGE = """usage: hf-cfgen run --dataset DATA [options]
       hf-cfgen augment IN OUT [options]
       hf-cfgen diagnose MODEL DATA [options]
       hf-cfgen push RUN_DIR --repo-id NAMESPACE/NAME [options]
       hf-cfgen reproduce GRID.yaml --output_dir DIR [options]
       hf-cfgen report RESULTS_DIR [options]
       hf-cfgen install-metrics
       hf-cfgen app [options]

  run              train a tagger, generate counterfactual examples with it, train again, score and explain both
  augment          write the counterfactual examples of a labelled file, in the same format
  diagnose         measure what a tagger leans on, the entities or their context
  push             push the augmented data set of a run to the Hub, private unless --public
  reproduce        do the experiments of a grid, as many as have no result yet
  report           show the results of experiments: tables, charts and cases, as HTML and Markdown
  install-metrics  make evaluate.load("ace_ri") and evaluate.load("ner_f1") work from any folder
  app              serve a page to try it in a browser

hf-cfgen COMMAND --help lists the options of a command."""


def main(argv: Sequence[str] | None = None) -> None:
    """The `hf-cfgen` command. Bad input prints one line on standard error and ends with status 2.

    Args:
        argv (`Sequence[str]`, *optional*): The arguments; those of the process where they are not given.
    """
    command, *options = [*(sys.argv[1:] if argv is None else argv), ""]
    if command in ("", "-h", "--help"):
        print(_USAGE)
        sys.exit(0 if command else 2)
    try:
        if command not in _COMMANDS:
            raise CfgenError(f"unknown command {command!r}: the commands are {', '.join(_COMMANDS)}")
        _COMMANDS[command](options[:-1])
    except (CfgenError, OSError) as error:  # a file that can't be written, a full disk
        if os.environ.get("RANK", "0") != "0":
            # Bad input fails all processes alike: the main one says so, and the launcher ends this one as it waits.
            time.sleep(MAIN_FIRST_SECONDS)
        print("hf-cfgen: " + r"\n".join(str(error).splitlines()), file=sys.stderr)
        sys.exit(2)


def _run(options: list[str]) -> None:
    from ..training.config import TaggerTrainingArguments
    from .run import RunArguments, run

    arguments, training = _parse("run", options, (RunArguments, TaggerTrainingArguments))
    limit_threads(one=arguments.is_lstm)
    run(arguments, training)


def _augment(options: list[str]) -> None:
    from ..training.config import TaggerTrainingArguments
    from .augment import AugmentArguments, augment

    options = _named("augment", ("data", "output"), options)
    arguments, training = _parse("augment", options, (AugmentArguments, TaggerTrainingArguments))
    limit_threads(one=arguments.is_lstm)
    augment(arguments, training)


def _diagnose(options: list[str]) -> None:
    from .diagnose import DiagnoseArguments, diagnose_data

    options = _named("diagnose", ("model", "data"), options)
    (arguments,) = _parse("diagnose", options, (DiagnoseArguments,))
    limit_threads()
    diagnose_data(arguments)


def _push(options: list[str]) -> None:
    from .push import PushArguments, push

    push(*_parse("push", _named("push", ("run_dir",), options), (PushArguments,)))


def _reproduce(options: list[str]) -> None:
    from ..experiments.runner import ReproduceArguments, reproduce

    reproduce(*_parse("reproduce", _named("reproduce", ("grid",), options), (ReproduceArguments,)))


def _report(options: list[str]) -> None:
    from ..experiments.report.page import ReportArguments, report

    report(*_parse("report", _named("report", ("results_dir",), options), (ReportArguments,)))


def _install_metrics(options: list[str]) -> None:
    from ..metrics.install import install_metrics

    _parse("install-metrics", options, ())
    install_metrics()


def _app(options: list[str]) -> None:
    try:
        from ..app.page import AppArguments, serve
    except ModuleNotFoundError as error:
        raise CfgenError(f"{error.name} is not installed: pip install 'hf-cfgen[app]'") from None
    serve(*_parse("app", options, (AppArguments,)))


_COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "run": _run,
    "augment": _augment,
    "diagnose": _diagnose,
    "push": _push,
    "reproduce": _reproduce,
    "report": _report,
    "install-metrics": _install_metrics,
    "app": _app,
}


def _named(command: str, names: Sequence[str], options: list[str]) -> list[str]:
    """Options with the arguments at their beginning, which have no name, under theirs."""
    if "-h" in options or "--help" in options:
        return options
    given = next((place for place, option in enumerate(options) if option.startswith("-")), len(options))
    if given != len(names):
        usage = " ".join(name.upper() for name in names)
        raise CfgenError(f"{given} argument(s) before the options: give hf-cfgen {command} {usage} [options]")
    return [*(part for name, value in zip(names, options) for part in (f"--{name}", value)), *options[given:]]


def _parse(command: str, options: list[str], classes: Sequence[Any]) -> Sequence[Any]:
    from .options import OptionParser, as_options, quiet, read_yaml

    quiet()
    parser = OptionParser(classes, command)
    known = {action.dest for action in parser._actions} - {"help"}
    parser.add_argument("--config", help="A YAML file of options; those on the command line win.")
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--config", action="append", default=[])
    files, options = first.parse_known_args(options)
    for file in reversed(files.config):
        # as on the command line
        values = {str(name).replace("-", "_"): value for name, value in read_yaml(Path(file)).items()}
        unknown = sorted(name for name in values if name not in known)
        if unknown:
            raise CfgenError(f"{file}: unknown option {', '.join(unknown)} {parser.hint}")
        options = as_options(values) + options
    *parsed, _ = parser.parse(options)  # beside the dataclasses, a namespace with --config
    _check_processes()
    return parsed


def _check_processes() -> None:
    """Processes that don't find each other would all write the same files."""
    from accelerate import PartialState

    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched != PartialState().num_processes:
        raise CfgenError(f"{launched} processes that don't find each other: launch one, or on CPUs add --use_cpu true")


if __name__ == "__main__":
    main()
