"""Import a user-defined function by its name."""

import importlib
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from ..errors import CfgenError


def import_object(path: str) -> Callable[..., Any]:
    """Import a function or class by its path `my_module:my_name`, also from the current directory.

    Raises:
        CfgenError: The path is malformed, the module cannot be imported, or it has no such function.

    Example:

    >>> import_object("math:sqrt")(9)
    3.0
    """
    module_name, colon, name = path.partition(":")
    if not colon or not name or not all(part.isidentifier() for part in (*module_name.split("."), *name.split("."))):
        raise CfgenError(f"{path!r} is not an import path: write my_module:my_name")
    # a console script, unlike `python -m`, does not look in the current directory
    if not {"", "."} & {*sys.path}:
        sys.path.append("")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and module_name.startswith(error.name or module_name)
        remedy = "run in the folder that holds it, or install it" if missing else "correct the module"
        raise CfgenError(f"{path}: cannot import {module_name} ({type(error).__name__}: {error}): {remedy}") from None
    try:
        found = attrgetter(name)(module)
    except AttributeError:
        raise CfgenError(f"{path}: {module_name} has no {name}: correct the name") from None
    if not callable(found):
        raise CfgenError(f"{path}: {name} is not callable: name a function or class")
    return found
