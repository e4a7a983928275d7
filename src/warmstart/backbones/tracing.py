"""A network as a list of operations, traced once for pictures of one size."""

import inspect
import operator
import warnings
from typing import Any

import torch
from torch import Tensor, fx, nn

from warmstart.errors import SettingError, reason_of

OUTSIDE = ""  # the path of an operation that the network's own forward does


class StageTracer(fx.Tracer):
    """Keeps whole what must not be taken apart.

    That is torch's own modules, what timm marks so, and every module that behaves otherwise in
    training: a trace would keep one of the two behaviours and lose dropout or stochastic depth.
    """

    def __init__(self) -> None:
        """Take timm's own rules."""
        import timm  # here: it takes seconds; its modules register themselves

        rules: Any = timm.layers
        functions = tuple(f for f in rules.get_notrace_functions() if callable(f))
        super().__init__(autowrap_functions=functions)
        self.kept_whole = tuple(rules.get_notrace_modules())

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module stays one operation."""
        return (
            super().is_leaf_module(m, module_qualified_name)
            or isinstance(m, self.kept_whole)
            or depends_on_training(type(m))
        )


def depends_on_training(kind: type[nn.Module]) -> bool:
    """Whether the forward pass of a module asks whether it is being trained."""
    try:
        return "self.training" in inspect.getsource(kind.forward)
    except (OSError, TypeError):
        return False


def traced(module: nn.Module, example: Tensor) -> fx.GraphModule:
    """Write down the operations of ``module``; sizes that do not depend on N become constants.

    Args:
        module: In eval mode.
        example: Pictures (2, 3, H, W) of the size that will be used.

    Returns:
        The same network; its modules and parameters are the same objects.

    Raises:
        SettingError: its forward pass depends on values, so that it cannot be written down.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = written_down(module)
            for unused in [node for node in graph.nodes if node.op == "placeholder"][1:]:
                erase_with_users(graph, unused)
            network = fx.GraphModule(module, graph)
            fold_sizes(network, example)
    except Exception as error:  # whatever a user's forward raises on a symbolic value
        raise SettingError(
            f"{type(module).__name__} cannot be split into stages: {reason_of(error)}",
            expected="a forward pass whose operations do not depend on the values of its inputs.",
            fix="freeze it whole with learn.freeze(), or train it whole with learn.unfreeze(); "
            "or make it an nn.Sequential of its stages.",
        ) from error
    return network


def written_down(module: nn.Module) -> fx.Graph:
    """Trace; a module that is a graph already keeps it, and with it whose operation each one is."""
    if isinstance(module, fx.GraphModule):
        graph = fx.Graph()
        graph.output(graph.graph_copy(module.graph, {}))
        return graph
    return StageTracer().trace(module, concrete_args=defaults(module))


def defaults(module: nn.Module) -> dict[str, Any]:
    """Arguments of a forward pass besides the pictures, at their defaults."""
    arguments = list(inspect.signature(module.forward).parameters.values())[1:]
    return {
        argument.name: argument.default
        for argument in arguments
        if argument.default is not inspect.Parameter.empty
    }


def erase_with_users(graph: fx.Graph, node: fx.Node) -> None:
    """Erase a node and whatever was made of it (checks that an argument has its default)."""
    for user in list(node.users):
        erase_with_users(graph, user)
    graph.erase_node(node)


class Values(fx.Interpreter):
    """Runs a graph and remembers what every node gave: tensors as their shapes."""

    def __init__(self, network: fx.GraphModule) -> None:
        """Remember nothing yet."""
        super().__init__(network)
        self.seen: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Run one node."""
        value = super().run_node(n)
        self.seen[n] = tuple(value.shape) if isinstance(value, Tensor) else value
        n.meta["is_tensor"] = isinstance(value, Tensor)
        return value


def fold_sizes(network: fx.GraphModule, example: Tensor) -> None:
    """Replace numbers that are the same for one and for two rows by constants.

    The number of rows is read off the pictures at the beginning. Every node's ``meta`` says
    afterwards whether it ``is_tensor``, its ``shape`` for one row, whether it is a tensor of one
    entry per row (``has_rows``), and whether it is the number of rows (``is_count``).

    Args:
        network: Changed in place.
        example: Pictures (2, 3, H, W).
    """
    one, two = Values(network), Values(network)
    with torch.no_grad():
        two.run(example)
        one.run(example[:1])
    nodes = list(network.graph.nodes)
    counts = []
    for node in nodes:
        value = one.seen.get(node)
        node.meta["shape"] = value if node.meta.get("is_tensor") else None
        if node.meta.get("is_tensor"):
            rows = [seen[node][:1] for seen in (one.seen, two.seen)]
            node.meta["has_rows"] = rows == [(1,), (2,)]
        if node.op in {"placeholder", "output"} or node.meta.get("is_tensor"):
            continue
        if is_constant(value) and value == two.seen[node]:
            node.replace_all_uses_with(value)
            network.graph.erase_node(node)
        elif type(value) is int and (value, two.seen[node]) == (1, 2):
            counts.append(node)
    if counts:  # read off the pictures, once: otherwise an early tensor would live to the end
        with network.graph.inserting_after(nodes[0]):
            shape = network.graph.call_function(getattr, (nodes[0], "shape"))
        with network.graph.inserting_after(shape):
            count = network.graph.call_function(operator.getitem, (shape, 0))
        count.meta["is_count"] = True
        for node in counts:
            node.replace_all_uses_with(count)
    network.graph.eliminate_dead_code()
    network.recompile()


def is_constant(value: object) -> bool:
    """A number, or a tuple of them."""
    if isinstance(value, tuple):
        return all(is_constant(entry) for entry in value)
    return isinstance(value, (bool, int, float)) or value is None


def module_path(node: fx.Node) -> str:
    """The module whose forward pass an operation belongs to; OUTSIDE for the network's own."""
    if node.op == "call_module":
        return str(node.target)
    stack = node.meta.get("nn_module_stack")
    if not stack:
        return OUTSIDE
    path = next(reversed(stack.values()))[0]
    return str(path)
