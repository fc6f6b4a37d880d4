"""The processes that a launcher starts."""

import os

from ..errors import CfgenError


def check_processes() -> None:
    """Raise a `CfgenError` if launched processes do not find each other, as they would all write the same files."""
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched > 1:
        from accelerate import PartialState

        if launched != PartialState().num_processes:
            raise CfgenError(f"{launched} processes do not find each other: launch one, or on CPUs add --use_cpu true")
