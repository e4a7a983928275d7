"""The named stages that a network consists of, read off its modules."""

from torch import nn

CONTAINERS = (nn.Sequential, nn.ModuleList)
MOST_OF_IT = 0.95  # a module with more of the parameters than this is not one stage
WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Linear)
POOLS = (nn.MaxPool2d, nn.AvgPool2d)


def stage_starts(network: nn.Module) -> dict[str, str]:
    """Which stage each part of a network belongs to.

    A stage is a block with weights and what follows it without any (norm, activation, pooling);
    plain layers in a row are one stage up to the next pooling.

    Args:
        network: Whose modules have names.

    Returns:
        Path of each part → name of its stage, in order. Parts lie in the order of their definition;
        everything below a part belongs to it.
    """
    total = max(1, num_parameters(network))
    stage_of: dict[str, str] = {}
    current, is_open = "", False
    for path, part in parts(network, "", total):
        is_layer = isinstance(part, WEIGHTED)
        has_weights = any(isinstance(module, WEIGHTED) for module in part.modules())
        if current == "" or (has_weights and not (is_layer and is_open)):
            current, is_open = path, is_layer
        stage_of[path] = current
        if isinstance(part, POOLS):
            is_open = False
    return stage_of


def parts(module: nn.Module, path: str, total: int) -> list[tuple[str, nn.Module]]:
    """Children, and in place of a child that is nearly everything or a lone list, its own."""
    children = list(module.named_children())
    lists = [child for _, child in children if is_module_list(child)]
    found = []
    for name, child in children:
        here = f"{path}.{name}" if path else name
        is_most = num_parameters(child) > MOST_OF_IT * total and any(child.children())
        if is_most or (is_module_list(child) and len(lists) <= 2):
            found += parts(child, here, total)
        else:
            found.append((here, child))
    return found


def is_module_list(module: nn.Module) -> bool:
    """Whether a module is but a row of others."""
    return isinstance(module, CONTAINERS) and len(module) > 1


def num_parameters(module: nn.Module) -> int:
    """Numbers that could be trained."""
    return sum(parameter.numel() for parameter in module.parameters())
