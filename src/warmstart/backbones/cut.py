"""The cut: a network in two halves that together are the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import fx, nn

from warmstart.backbones.stages import stage_starts
from warmstart.backbones.tracing import module_path, traced
from warmstart.errors import SettingError


@dataclass(frozen=True)
class Stage:
    """One stage: its name, the names of its parameters, and the last operation in it."""

    name: str
    parameters: tuple[str, ...]
    end: int


class StagedNetwork:
    """A backbone as an ordered list of stages. Cut K lies before stage K, 0 before all of them."""

    def __init__(self, module: nn.Module, size: int) -> None:
        """Trace when something asks for it.

        Args:
            module: Normalised pictures (N, 3, size, size) → features.
            size: Side of the pictures.
        """
        self.module, self.size = module, size

    @cached_property
    def network(self) -> fx.GraphModule:
        """The traced network, the same parameters in it."""
        states = {name: module.training for name, module in self.module.named_modules()}
        try:
            reference = next(iter(self.module.parameters()), torch.zeros(1))
            example = torch.zeros(2, 3, self.size, self.size, device=reference.device)
            return traced(self.module.eval(), example)
        finally:
            for name, module in self.module.named_modules():
                module.training = states[name]

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Stages that end where a single tensor crosses; others are part of the next one."""
        nodes = list(self.network.graph.nodes)
        owner, stage_of = owners(nodes, stage_starts(self.module))
        crosses = crossings(nodes)
        names = list(dict.fromkeys(owner))
        ends: dict[str, int] = {}
        for i, name in enumerate(owner):
            if crosses[i] is not None or name == names[-1]:
                ends[name] = i
        stages, members = [], list[str]()
        for name in names:
            members.append(name)
            if name in ends:
                stages.append(Stage(members[0], self.parameters_of(members, stage_of), ends[name]))
                members = []
        return tuple(stages)

    def parameters_of(self, names: list[str], stage_of: dict[str, str]) -> tuple[str, ...]:
        """Names of the parameters of some stages; those of no part belong to the first."""
        first = next(iter(stage_of.values()))
        found = []
        for parameter, _ in self.module.named_parameters():
            path = parameter.rpartition(".")[0]
            while path and path not in stage_of:
                path = path.rpartition(".")[0]
            if stage_of.get(path, first) in names:
                found.append(parameter)
        return tuple(found)

    def split(self, cut: int) -> tuple[nn.Module, nn.Module]:
        """Part the network before stage ``cut``.

        Args:
            cut: In 0 … number of stages.

        Returns:
            Prefix and tail; their parameters and modules are those of the whole network.

        Raises:
            SettingError: there is no such stage.
        """
        if cut == len(self.stages):
            return self.module, nn.Identity()
        if not 0 <= cut < len(self.stages):
            raise SettingError(
                f"there is no stage {cut} to cut before.",
                expected="one of " + ", ".join(f"{i} {s.name}" for i, s in enumerate(self.stages)),
                fix=f"pass a number from 0 to {len(self.stages)}.",
            )
        if cut == 0:
            return nn.Identity(), self.module
        return halves(self.network, self.stages[cut - 1].end)


def owners(nodes: list[fx.Node], starts: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """The stage of each operation: that of its module, but never one that has ended.

    Args:
        nodes: Of the whole network, in order.
        starts: From ``stage_starts``.

    Returns:
        A stage per operation; and for each part the stage in which it first runs, which is not the
        one that it is defined in where a network defines its parts in another order.
    """
    order = list(dict.fromkeys(starts.values()))
    current, out, stage_of = 0, list[str](), dict[str, str]()
    for node in nodes:
        path = module_path(node)
        while path and path not in starts:
            path = path.rpartition(".")[0]
        if path and node.op not in {"get_attr", "placeholder"}:
            current = max(current, order.index(starts[path]))
            stage_of.setdefault(path, order[current])
        out.append(order[current])
    never = {path: stage if stage in out else order[0] for path, stage in starts.items()}
    return out, never | stage_of


def varying(nodes: Sequence[fx.Node]) -> set[fx.Node]:
    """Operations whose result depends on the pictures."""
    found: set[fx.Node] = set()
    for node in nodes:
        if node.op == "placeholder" or any(before in found for before in node.all_input_nodes):
            found.add(node)
    return found


def crossings(nodes: Sequence[fx.Node]) -> list[fx.Node | None]:
    """After each operation, the only tensor that later ones still need; None if there are more.

    The number of rows may be needed too: it is read off that tensor, which has an entry per row
    (not one per patch of each, as inside TNT).
    """
    depends, position = varying(nodes), {node: i for i, node in enumerate(nodes)}
    last_use = {node: max((position[user] for user in node.users), default=-1) for node in depends}
    live: list[fx.Node] = []
    out: list[fx.Node | None] = []
    for i, node in enumerate(nodes):
        live = [n for n in [*live, *({node} & depends)] if last_use[n] > i]
        tensors = [n for n in live if n.meta.get("is_tensor")]
        others = [n for n in live if not n.meta.get("is_tensor") and not n.meta.get("is_count")]
        is_one = len(tensors) == 1 and not others and tensors[0].meta.get("has_rows")
        out.append(tensors[0] if is_one else None)
    return out


def halves(network: fx.GraphModule, last: int) -> tuple[nn.Module, nn.Module]:
    """Operations up to ``last``, and the others.

    Raises:
        SettingError: several tensors cross there.
    """
    nodes = list(network.graph.nodes)
    border = crossings(nodes)[last]
    if border is None:
        raise SettingError(
            "several tensors cross here.", expected="one tensor.", fix="cut at another stage."
        )
    prefix = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in needed(nodes[: last + 1]):
        copies[node] = prefix.node_copy(node, lambda n: copies[n])
    prefix.output(copies[border])
    return fx.GraphModule(network, prefix), fx.GraphModule(network, tail_graph(nodes, last, border))


def tail_graph(nodes: list[fx.Node], last: int, border: fx.Node) -> fx.Graph:
    """What follows ``last``, from the tensor that crosses; what needs no picture is read again."""
    graph = fx.Graph()
    crossed = graph.placeholder("activations")
    copies: dict[fx.Node, fx.Node] = {border: crossed}
    own, depends = set(nodes[last + 1 :]), varying(nodes)
    for node in needed([n for n in nodes if n in own or n not in depends]):
        for before in node.all_input_nodes:
            if before not in copies:  # the number of rows
                shape = graph.call_function(getattr, (crossed, "shape"))
                copies[before] = graph.call_function(first_of, (shape,))
        if node.op == "output":
            graph.output(fx.map_arg(node.args[0], lambda n: copies[n]))
        else:
            copies[node] = graph.node_copy(node, lambda n: copies[n])
    return graph


def needed(nodes: list[fx.Node]) -> list[fx.Node]:
    """Without what needs no picture and is used by none of the others, in order."""
    depends = varying(nodes)
    among, used = set(nodes), set[fx.Node]()
    for node in reversed(nodes):
        is_kept = node in depends or node in used or node.op in {"output", "placeholder"}
        if is_kept or any(before not in among for before in node.all_input_nodes):
            used.add(node)
            used.update(node.all_input_nodes)
    return [node for node in nodes if node in used]


def first_of(shape: torch.Size) -> int:
    """The number of rows."""
    return shape[0]
