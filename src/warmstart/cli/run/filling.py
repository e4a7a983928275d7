"""A store filled before anything trains, here or by workers."""

from functools import partial

from warmstart.cli.run.engine_settings import EngineSettings
from warmstart.data.table import SPLITS
from warmstart.learner.conv_learner import ConvLearner
from warmstart.learner.reading import read_inputs


def fill_for(learn: ConvLearner, num_views: int, scale: EngineSettings) -> str:
    """Keep every row that a fit of a learner would read; those that are there stay.

    Args:
        learn: The learner.
        num_views: Augmented views of training rows; 0 is the plain one.
        scale: Who computes.

    Returns:
        A line that says what there is.
    """
    state = learn.state
    activations = state.activations
    if scale.engine == "ray":
        from warmstart.cli.run.on_workers import ray_workers
        from warmstart.cluster.filling import FillByWorkers

        place = scale.place_of_shards(activations.cache_dir / "shards")
        activations.fill_rows = FillByWorkers(partial(ray_workers, scale), place)
    precompute = num_views or True
    inputs = read_inputs(state, SPLITS, precompute)
    table = state.data.table  # without what was to be dropped
    for view in inputs.head_views[1:]:
        activations.stored(inputs.source, table.rows("train"), view)
    rows = len(table) + (len(inputs.head_views) - 1) * len(table.rows("train"))
    return f"{rows} rows of {len(table)} images are kept in {activations.cache_dir}"
