"""The processes that a launcher starts."""

import os

from ..errors import CfgenError


def check_processes(use_cpu: bool = False) -> None:
    """Raise a `CfgenError` if Accelerate does not see all launched processes: they would all write the same files.

    Args:
        use_cpu (`bool`, *optional*, defaults to `False`): Whether the command has the option `--use_cpu`.
    """
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched > 1:
        from accelerate import PartialState

        seen = PartialState().num_processes
        if launched != seen:
            remedy = "start one process, or fix the launcher settings"
            raise CfgenError(
                f"WORLD_SIZE is {launched}, but Accelerate sees {seen} process{'' if seen == 1 else 'es'}: {remedy}"
                + "; on CPUs, add --use_cpu true" * use_cpu
            )
