"""The processes that a launcher starts."""

import os

from ..errors import CfgenError


def check_processes() -> None:
    """Check that launched processes find each other: others would all write the same files.

    Raises:
        CfgenError: They do not.
    """
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched > 1:
        from accelerate import PartialState

        if launched != PartialState().num_processes:
            raise CfgenError(
                f"{launched} processes that do not find each other: launch one, or on CPUs add --use_cpu true"
            )
