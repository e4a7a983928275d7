"""`warmstart cache`: what is stored, how large it is, whether it is intact."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.commands import options
from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_places
from warmstart.cli.run.engine_settings import EngineSettings
from warmstart.cli.run.settings import FillSettings
from warmstart.data.output_paths import check_outside_folders
from warmstart.terminal.colour import show_lines

app = typer.Typer(help="What is stored: list, tidy, verify.", no_args_is_help=True)


@app.command("ls")
def list_namespaces(cache_dir: options.CacheDir = None) -> None:
    """List what is stored, the most recently used first."""
    from warmstart.activations.quota import GRAPH_FOLDER, namespaces_in

    found = namespaces_in(folder_of(cache_dir))
    if not found:
        show_lines(f"nothing is stored in {folder_of(cache_dir)}")
        return
    for namespace in found:
        size = f"{namespace.num_bytes / 1e6:.1f} MB"
        holds = "graph" if namespace.is_graph else f"{namespace.num_rows} rows"
        name = namespace.identity.removeprefix(GRAPH_FOLDER)[:12]
        show_lines(f"{name}  {namespace.backbone}  {holds}  {size}  {namespace.used}")
    total = sum(namespace.num_bytes for namespace in found)
    show_lines(f"{len(found)} in all, {total / 1e6:.1f} MB in {folder_of(cache_dir)}")


@app.command("fill", help="Compute and keep what train would, by workers if need be.")
@with_options(FillSettings)
def fill_store(settings: FillSettings) -> None:
    """Compute and keep what train would, by workers if need be; it goes on where it stopped."""
    scale = EngineSettings(settings.engine, settings.workers, settings.address, settings.shards)
    scale.check()
    data = check_places(settings)
    if scale.shards_on_disk is not None:
        check_outside_folders(scale.shards_on_disk, "--shards", data)
    # numpy and Pillow load here, not for --help
    from warmstart.cli.run.filling import fill_for
    from warmstart.cli.run.loading import build_learner, load_data

    show_lines(fill_for(build_learner(settings, load_data(settings)), settings.views, scale))


@app.command("gc")
def collect_garbage(
    keep: Annotated[
        float, typer.Option(min=0, help="Gigabytes to keep, the most recently used.")
    ] = 20.0,
    cache_dir: options.CacheDir = None,
) -> None:
    """Delete the least recently used activations and graphs; they can be computed again."""
    from warmstart.activations.quota import shrink

    removed = shrink(folder_of(cache_dir), int(keep * 1e9))
    freed = sum(namespace.num_bytes for namespace in removed)
    show_lines(
        f"{len(removed)} deleted, {freed / 1e6:.1f} MB freed"
        if removed
        else f"nothing deleted: no more than {keep:g} GB are stored"
    )


@app.command("verify", help="Compare every stored file with its checksum; exit 1 if one differs.")
def verify(cache_dir: options.CacheDir = None) -> None:
    """Compare every stored file with its checksum; exit 1 if one differs.

    Raises:
        Exit: with 1, if one differs.
    """
    from warmstart.activations.kept_graph import damaged_graphs
    from warmstart.activations.quota import damaged_shards
    from warmstart.inference.backbone_notes import damaged_backbones

    store = folder_of(cache_dir)
    found = damaged_shards(store), damaged_graphs(store), damaged_backbones(store)
    num_files, damaged = sum(number for number, _ in found), [p for _, some in found for p in some]
    for path in damaged:
        show_lines(f"damaged: {path}")
    if not damaged:
        show_lines(f"{num_files} files, all intact")
    else:
        show_lines(f"{num_files} files, {len(damaged)} damaged (what they held is computed again)")
        raise typer.Exit(1)


def folder_of(cache_dir: Path | None) -> Path:
    """Where activations lie."""
    from warmstart.data.output_paths import cache_folder

    return cache_folder(cache_dir) / "activations"
