"""What the documentation takes from the program instead of repeating it: commands, decisions."""

import sys
from pathlib import Path
from typing import Any

from griffe import Extension, Object

REPO = Path(__file__).resolve().parent
COMMANDS_HERE = "<!-- every command, by mkdocs_hooks.py -->"
DECISIONS = "decisions/"


def on_config(config: Any) -> Any:
    """List the decisions in the navigation, each by its first line."""
    for section in config["nav"]:
        for pages in section.values():
            for entry in pages:
                if isinstance(entry, dict) and DECISIONS in entry.values():
                    (title,) = entry
                    entry[title] = decision_pages()
    return config


def decision_pages() -> list[dict[str, str]]:
    """Title and file of each, the newest first."""
    files = sorted((REPO / "docs" / DECISIONS).glob("*.md"), reverse=True)
    titles = [file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for file in files]
    return [{title: DECISIONS + file.name} for title, file in zip(titles, files, strict=True)]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the commands and their options where a page asks for them."""
    return markdown.replace(COMMANDS_HERE, commands()) if COMMANDS_HERE in markdown else markdown


def commands() -> str:
    """A section for each command, with a table of what it takes."""
    sys.path.insert(0, str(REPO / "src"))
    import typer

    from warmstart.cli.main import app

    group: Any = typer.main.get_command(app)
    return "\n\n".join(section(name, group.commands[name]) for name in group.commands)


def section(name: str, command: Any) -> str:
    """One command, or the group of commands below a word."""
    if hasattr(command, "commands"):
        below = command.commands.items()
        return "\n\n".join(section(f"{name} {word}", each) for word, each in below)
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    rows = [row for each in command.params if (row := option_row(each))]
    words = " ".join(each.metavar or each.name.upper() for each in arguments)
    lines = [
        f"## `warmstart {name}`",
        f"\n{command.help or ''}\n",
        f"    warmstart {name} [options] {words}".rstrip(),
        *(f"\n`{each.metavar or each.name.upper()}`: {each.help}" for each in arguments),
    ]
    if rows:
        lines += ["", "| option | meaning |", "|---|---|", *rows]
    return "\n".join(lines)


def option_row(option: Any) -> str:
    """A line of the table; empty for an argument."""
    if option.param_type_name == "argument" or option.name == "help":
        return ""
    names = " ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    default = option.default
    text = (option.help or "").replace("|", "\\|")
    if default is None or default == "" or callable(default):
        return f"| {names} | {text} |"
    if isinstance(default, bool):
        if not option.secondary_opts:
            return f"| {names} | {text} |"
        default = option.opts[0] if default else option.secondary_opts[0]
    return f"| {names} | {text} Default: `{default}`. |"


class Examples(Extension):
    """Shows what stands under "Example:" as code: to griffe, only "Examples:" is a section."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Give the section the name that is looked for."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
