"""A network's stages, layer groups and cut: what is frozen, and what trains."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from warmstart.arguments import number_in, shortly
from warmstart.backbones.cut import Stage, StagedNetwork
from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.errors import SettingError

HEAD = "head"
BN_MODES = ("stored", "train")


@dataclass(frozen=True)
class LayerGroup:
    """Stages ``first`` … ``last`` - 1 of the backbone, or the head (no stages)."""

    name: str
    first: int
    last: int


ONLY_HEAD = LayerGroup(HEAD, 0, 0)


class TrainablePart(nn.Module):
    """What follows the cut: the backbone's later stages, pool and head.

    Its BatchNorm keeps its stored statistics in training, unless ``bn`` is "train": they were
    learned from a million pictures, and a few small batches only blur them.
    """

    def __init__(self, tail: nn.Module, pool: nn.Module, head: nn.Module, *, bn: str) -> None:
        """Put the parts together; parameters are those of the whole network."""
        super().__init__()
        self.tail, self.pool, self.head, self.bn = tail, pool, head, bn
        self.layout = torch.channels_last  # convolutions are faster so, also on a CPU
        if any(is_fragile(module) for module in tail.modules()):
            self.layout = torch.contiguous_format
        self.to(memory_format=self.layout)

    def stored_norms(self) -> list[_BatchNorm]:
        """BatchNorm that keeps its stored statistics."""
        norms = [module for module in self.tail.modules() if isinstance(module, _BatchNorm)]
        return norms if self.bn == "stored" else []

    def train(self, mode: bool = True) -> "TrainablePart":
        """Training mode for everything but the backbone's stored statistics."""
        super().train(mode)
        if mode:  # whatever has judged the backbone meanwhile has laid its weights out otherwise
            self.to(memory_format=self.layout)
        for norm in self.stored_norms():
            norm.eval()
        return self

    def forward(self, activations: Tensor) -> Tensor:
        """From what crosses the cut to logits (N, K)."""
        logits: Tensor = self.head(self.before_head(activations))
        return logits

    def before_head(self, activations: Tensor) -> Tensor:
        """From what crosses the cut to pooled rows (N, D)."""
        if activations.is_floating_point():
            if activations.ndim == 4:
                activations = activations.contiguous(memory_format=self.layout)
        elif self.layout == torch.contiguous_format:  # pixels (N, H, W, 3) are channels last
            activations = activations.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
        pooled: Tensor = self.pool(self.tail(activations))
        return pooled


def is_fragile(module: nn.Module) -> bool:
    """Whether torch 2.15 damages the process's memory in the backward pass, channels last.

    That is a convolution of single pixels with a stride and 2 to 7 channels on a CPU: the shortcut
    of RepVGG's and FastViT's first block. It ends in "double free or corruption".
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.weight.device.type == "cpu"
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels < 8
    )


class Layers:
    """Stages and groups of one network at one size, and where its cut is.

    ``cut`` is the number of the stage before which the network is cut, 0 before all of them; None
    is before the head, behind the pool.
    """

    def __init__(self, network: ClassifierNetwork, size: int, num_groups: int = 3) -> None:
        """Freeze all but the head.

        Args:
            network: Body, pool and head.
            size: Side of the pictures.
            num_groups: At least 2: the head is one; the backbone's stages are shared among the
                others.
        """
        self.network, self.size, self.num_groups = network, size, num_groups
        self.staged = StagedNetwork(network.backbone, size)
        self.cut: int | None = None

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The backbone's stages; one, where it cannot be parted."""
        try:
            return self.staged.stages
        except SettingError:
            names = tuple(name for name, _ in self.network.backbone.named_parameters())
            return (Stage("body", names, 0),)

    @cached_property
    def groups(self) -> tuple[LayerGroup, ...]:
        """The first layers first, the head last; the first of two unequal groups is the larger."""
        count, num_body = len(self.stages), min(self.num_groups - 1, len(self.stages))
        borders = [-(-count * i // num_body) for i in range(num_body + 1)]
        found = []
        for first, last in pairwise(borders):
            names = [stage.name for stage in self.stages[first:last]]
            name = "–".join(dict.fromkeys([names[0], names[-1]]))
            if name == HEAD:  # so SelecSLS calls its last stage
                name = "head stage"
            found.append(LayerGroup(name, first, last))
        return (*found, LayerGroup(HEAD, count, count))

    def trainable_groups(self) -> tuple[LayerGroup, ...]:
        """Those with something behind the cut."""
        if self.cut is None:
            return (ONLY_HEAD,)  # nothing need be traced to know that
        return tuple(g for g in self.groups if g.last > self.cut or g.name == HEAD)

    def cut_before(self, where: object) -> int | None:
        """The cut that freezes everything before a group or stage.

        Args:
            where: A group's number, negative from the end, or a stage's name.

        Raises:
            SettingError: there is no such group or stage.
        """
        number = number_in(where)
        if number == -1 or (isinstance(where, str) and where == HEAD):
            return None
        names = [stage.name for stage in self.stages]
        if isinstance(where, str) and where in names:
            return names.index(where)
        if isinstance(number, int) and -len(self.groups) <= number < len(self.groups):
            group = self.groups[number]
            return None if group.name == HEAD else group.first
        listed = ", ".join(f"{i} {group.name}" for i, group in enumerate(self.groups))
        raise SettingError(
            f"there is no layer group or stage {shortly(where)}.",
            expected=f"a group ({listed}) or a stage ({', '.join(names)}).",
            fix="pass -2, which unfreezes the last group of the backbone and the head.",
        )

    def prefix(self, normalise: Normalise) -> nn.Module | None:
        """Pixels → what crosses the cut; None where the pixels themselves do."""
        if self.cut is None:
            return nn.Sequential(normalise, self.network.backbone, self.network.pool)
        if self.cut == 0:
            return None
        return nn.Sequential(normalise, self.staged.split(self.cut)[0])

    def cut_name(self) -> str:
        """What stored rows say of where they were taken."""
        if self.cut is None:
            return "pooled"
        return "pixels" if self.cut == 0 else f"before {self.stages[self.cut].name}"

    def trainable(self, normalise: Normalise, bn: str) -> nn.Module:
        """What crosses the cut → logits.

        Args:
            normalise: Comes first where pixels cross.
            bn: "stored" or "train".
        """
        network = self.network
        if self.cut is None:
            return network.head
        if self.cut == 0:
            tail: nn.Module = nn.Sequential(normalise, network.backbone)
        else:
            tail = self.staged.split(self.cut)[1]
        return TrainablePart(tail, network.pool, network.head, bn=bn)

    def parameters(self) -> list[list[nn.Parameter]]:
        """The parameters that train, by group; all others are marked as frozen."""
        backbone = dict(self.network.backbone.named_parameters())
        found = []
        for group in self.trainable_groups():
            if group.name == HEAD:
                parts = [*self.network.pool.parameters(), *self.network.head.parameters()]
            else:
                stages = self.stages[max(group.first, self.cut or 0) : group.last]
                parts = [backbone[name] for stage in stages for name in stage.parameters]
            found.append(parts)
        moving = {id(parameter) for parts in found for parameter in parts}
        for parameter in self.network.parameters():
            parameter.requires_grad_(id(parameter) in moving)
        return found

    def summary(self) -> str:
        """A line per stage: its group, parameters, and whether it is frozen."""
        backbone = dict(self.network.backbone.named_parameters())
        lines = ["stage".ljust(34) + "layer group".ljust(36) + "parameters".rjust(12)]
        for i, stage in enumerate(self.stages):
            group = next(g for g in self.groups if g.first <= i < g.last)
            number = sum(backbone[name].numel() for name in stage.parameters)
            lines += ["— cut —"] * (self.cut == i)
            lines.append(line(stage.name, group.name, number, self.cut is None or i < self.cut))
        lines += ["— cut —"] * (self.cut is None)
        number = sum(parameter.numel() for parameter in self.network.head.parameters())
        return "\n".join([*lines, line(HEAD, HEAD, number, is_frozen=False)])


def line(stage: str, group: str, number: int, is_frozen: bool) -> str:
    """One stage in columns."""
    cells = stage.ljust(34) + group.ljust(36) + f"{number:,}".rjust(12)
    return cells + ("  frozen" if is_frozen else "  trains")
