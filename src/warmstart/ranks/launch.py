"""What torchrun says of this process: which of how many it is, and on which computer."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR")


@dataclass(frozen=True)
class Launch:
    """``rank`` of ``size`` processes; ``local_rank`` of the ``local_size`` on this computer.

    ``num_restarts`` counts how often torchrun began anew after a death.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    num_restarts: int = 0


def read_launch(environment: Mapping[str, str] | None = None) -> Launch:
    """What the environment says; one process alone where torchrun did not start it.

    Args:
        environment: Names and values; None is the process's own.
    """
    given = os.environ if environment is None else environment
    if any(name not in given for name in NEEDED):
        return Launch()
    size = whole_number(given, "WORLD_SIZE", 1)
    if size < 2:
        return Launch(num_restarts=whole_number(given, "TORCHELASTIC_RESTART_COUNT", 0))
    return Launch(
        rank=whole_number(given, "RANK", 0),
        size=size,
        local_rank=whole_number(given, "LOCAL_RANK", 0),
        local_size=max(1, whole_number(given, "LOCAL_WORLD_SIZE", 1)),
        num_restarts=whole_number(given, "TORCHELASTIC_RESTART_COUNT", 0),
    )


def whole_number(given: Mapping[str, str], name: str, otherwise: int) -> int:
    """A variable as a number; what is none says nothing."""
    text = given.get(name, "")
    return int(text) if text.isdecimal() else otherwise


def cores_per_process(num_cores: int, environment: Mapping[str, str] | None = None) -> int:
    """How many cores are this process's own: the computer's, shared with the others on it.

    Args:
        num_cores: That it may use.
        environment: As for ``read_launch``.
    """
    return max(1, num_cores // read_launch(environment).local_size)
