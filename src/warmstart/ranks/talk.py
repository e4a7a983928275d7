"""How processes speak: torch.distributed, at the address that torchrun gave and no other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from warmstart.errors import TrainingError
from warmstart.ranks.launch import Launch, cores_per_process

TIMEOUT = "WARMSTART_RANKS_SECONDS"  # how long one waits for the others
USUAL_SECONDS = 1800.0
SIGNS = ("gloo", "nccl", "processgroup", "connection closed", "timed out", "tcpstore")


class Talk:
    """A group of processes: gloo between processors, nccl between GPUs.

    What decides what they do next goes by gloo, so that no GPU is waited for.
    """

    def __init__(self, launch: Launch) -> None:
        """Meet the others."""
        self.launch = launch
        prepare_process(launch)
        if dist.is_initialized():  # by the script that this is called from
            return
        has_nccl = torch.cuda.is_available() and dist.is_nccl_available()
        backend = "cpu:gloo,cuda:nccl" if has_nccl else "gloo"
        with self.errors_in_words("the beginning"):
            dist.init_process_group(
                backend,
                store=store_of_try(launch),
                rank=launch.rank,
                world_size=launch.size,
                timeout=timedelta(seconds=seconds_to_wait()),
            )

    def exchange(self, what: str, value: Any) -> list[Any]:
        """The values of all, by rank.

        Args:
            what: They are; two that have come here for different things are at odds.
            value: This process's; it is pickled between processes of one command.

        Raises:
            TrainingError: another process has come here for something else.
        """
        found: list[Any] = [None] * self.launch.size
        with self.errors_in_words(what):
            dist.all_gather_object(found, (what, value), group=None)
        for rank, (purpose, _) in enumerate(found):
            if purpose != what:
                raise TrainingError(
                    f"rank {self.launch.rank} has come to {what}, and rank {rank} to {purpose}.",
                    expected="all ranks calling the same functions in the same order.",
                    fix="call fit, lr_find and predict in every rank, not only where RANK is 0.",
                )
        return [each for _, each in found]

    def highest(self, number: int) -> int:
        """The highest of a small number."""
        values = torch.tensor([number])
        with self.errors_in_words("the end of a step"):
            dist.all_reduce(values, dist.ReduceOp.MAX)
        return int(values)

    def mean(self, loss: Tensor) -> Tensor:
        """The mean of (), where it is."""
        total = loss.detach().clone()
        with self.errors_in_words("a loss"):
            dist.all_reduce(total)
        return total / self.launch.size

    def send_state(self, module: nn.Module) -> None:
        """Parameters and buffers of the first, for all."""
        with self.errors_in_words("weights"), torch.no_grad():
            for tensor in (*module.parameters(), *module.buffers()):
                sent = tensor.detach().contiguous()
                dist.broadcast(sent, 0)
                tensor.copy_(sent)

    @contextmanager
    def errors_in_words(self, what: str) -> Iterator[None]:
        """Say which way out there is where another process is gone or does not come.

        Args:
            what: For which it was waited.

        Raises:
            TrainingError: that happened.
            RuntimeError: something else did.
        """
        try:
            yield
        except TrainingError:
            raise
        except RuntimeError as error:
            told = str(error)
            if not any(sign in told.lower() for sign in SIGNS):
                raise
            raise TrainingError(
                f"rank {self.launch.rank} waited for the others ({what}), and one of "
                f"{self.launch.size} is gone or did not come within {seconds_to_wait():g} s: "
                f"{beginning_of(told)}",
                expected="all ranks alive, and reachable at the address that torchrun gave.",
                fix="look above for the rank that failed first, and go on from the last "
                "checkpoint: the same torchrun command with --resume RUN, or with torchrun's "
                "--max-restarts 3 from the beginning.",
            ) from error


def store_of_try(launch: Launch) -> Store:
    """Where processes find each other: after a death, not at the addresses of those before it.

    torchrun keeps its store when it starts processes anew. Only on one computer is the number of
    tries the same for all.
    """
    timeout = timedelta(seconds=seconds_to_wait())
    store: Store
    store, _, _ = next(iter(rendezvous("env://", launch.rank, launch.size, timeout=timeout)))
    number = launch.num_restarts if launch.local_size == launch.size else 0
    return PrefixStore(f"warmstart/{number}", store)


def seconds_to_wait() -> float:
    """How long one waits for the others: they may fill a store meanwhile."""
    text = os.environ.get(TIMEOUT, "")
    return float(text) if text.replace(".", "", 1).isdecimal() else USUAL_SECONDS


def prepare_process(launch: Launch) -> None:
    """Take this process's GPU, and its share of the cores.

    torchrun says one thread where nobody said anything, whatever the number of cores.
    """
    if torch.cuda.is_available() and launch.local_rank < torch.cuda.device_count():
        torch.cuda.set_device(launch.local_rank)
    if hasattr(os, "sched_getaffinity"):
        torch.set_num_threads(cores_per_process(len(os.sched_getaffinity(0))))
    else:
        torch.set_num_threads(cores_per_process(os.cpu_count() or 1))


def beginning_of(text: str) -> str:
    """Of an error, and not all of it."""
    lines = text.strip().splitlines()
    return lines[0][:200] if lines else ""
