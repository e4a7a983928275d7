"""The command line that a user meant: what was typed, with its mistake mended."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from warmstart.files.places import CONTAINERS
from warmstart.words import COMMANDS

UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def with_flags(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The command line with some options set: replaced where they were given, else at the end.

    Args:
        words: What was typed.
        flags: Options, each with its value if it takes one; or ("=", old, new) for a path or
            a value that is to be written another way.
    """
    if flags[0] == "=":
        old, new = flags[1], flags[2]
        return [replaced(word, old, new) for word in words]
    out = list(words)
    for flag, value in pairs(flags):
        out = with_flag(out, flag, value)
    return out


def replaced(word: str, old: str, new: str) -> str:
    """A word with another value, where it is one or ends in one: path, name/, --column=name."""
    if Path(word) == Path(old):
        return new
    return word.removesuffix(old) + new if word.endswith(f"={old}") else word


def pairs(flags: Sequence[str]) -> list[tuple[str, str | None]]:
    """Options and their values, None for an option that takes none."""
    found: list[tuple[str, str | None]] = []
    for word in flags:
        if word.startswith("--") or not found:
            found.append((word, None))
        else:
            found[-1] = (found[-1][0], word)
    return found


def with_flag(words: Sequence[str], flag: str, value: str | None) -> list[str]:
    """The command line with one option set."""
    opposite = flag.replace("--no-", "--") if flag.startswith("--no-") else f"--no-{flag[2:]}"
    out = [word for word in words if word != opposite] if value is None else list(words)
    for i in reversed(range(len(out))):  # the last of several is the one that counts
        word = out[i]
        if word == flag and value is not None:
            return [*out[: i + 1], value, *out[i + 2 :]]
        if word == flag or word.startswith(f"{flag}="):
            return [*out[:i], flag if value is None else f"{flag}={value}", *out[i + 1 :]]
    return [*out, flag] if value is None else [*out, flag, value]


def without_option(words: Sequence[str], names: Sequence[str]) -> list[str]:
    """The command line without an option and its value."""
    out: list[str] = []
    skips = False
    for word in words:
        if skips:
            skips = False
        elif word in names:
            skips = True
        elif not any(word.startswith(f"{name}=") for name in names):
            out.append(word)
    return out


def is_typable(command: Any, words: Sequence[str]) -> bool:
    """Whether the parser takes a command line: each option and value is one that it knows.

    Args:
        command: The command with its subcommands.
        words: What would be typed behind its name.
    """
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    try:
        command.make_context("warmstart", list(words))
    except UsageError:
        return False
    return not hasattr(command, "commands")  # else a word is missing, or is no command


def usage_fix(
    error: Exception, what: str, words: Sequence[str], commands: Sequence[str] = ()
) -> str:
    """What to type after a wrong option, command or value.

    Args:
        error: A usage error of the command line's parser.
        what: Its message.
        words: What was typed.
        commands: The words that there are.
    """
    near, wrong = getattr(error, "possibilities", None), getattr(error, "option_name", None)
    if near and wrong:
        meant = [right for right in near if is_slip(wrong, right)]
        if meant:
            return "warmstart " + shlex.join([respelled(word, wrong, meant[0]) for word in words])
    if what.startswith("No such command"):
        wrong = what.split("'")[1]
        meant = [right for right in commands if is_slip(wrong, right)]
        meant += [right for _, right in [COMMANDS.get(wrong, ((), ""))] if right in commands]
        if meant:
            return "warmstart " + shlex.join([meant[0] if w == wrong else w for w in words])
    if what.startswith("Got unexpected extra argument") and (mended := with_one_source(words)):
        return "warmstart " + shlex.join(mended)
    parameter = getattr(error, "param", None)
    names = list(getattr(parameter, "opts", ()))
    if what.startswith("Invalid value") and any(name.startswith("--") for name in names):
        default = getattr(parameter, "default", None)
        if default is None:  # what is found or chosen unless somebody says
            return "warmstart " + shlex.join(without_option(words, names))
        return "warmstart " + shlex.join(with_flags(words, (names[0], str(default))))
    return help_line(error)


def with_one_source(words: Sequence[str]) -> list[str]:
    """The command line with one word for several archives or class folders.

    A shell puts all names for a pattern. Empty where no pattern, and no folder, stands for just
    those that were given.
    """
    shards = [word for word in words if word.endswith(CONTAINERS) and Path(word).is_file()]
    folders = [word for word in words[1:] if Path(word).is_dir()]
    if len(shards) > 1:
        start = os.path.commonprefix(shards)  # noqa: RUF071 - letters are meant
        ending = Path(shards[0]).suffix
        one, given = f"{start.removesuffix(ending)}*{ending}", shards
        there = set(Path(one).parent.glob(Path(one).name))
    elif len(folders) > 1:
        above, given = Path(folders[0]).parent, folders
        one = str(above)
        there = {each for each in above.glob("[!.]*") if each.is_dir()}
    else:
        return []
    if {Path(word) for word in given} != there:
        return []
    first = words.index(given[0])
    kept = [word for word in words if word not in given]
    return [*kept[:first], one, *kept[first:]]


def help_of_word(what: str, fix: str) -> str:
    """What shows the options of the right word, where all that is known to be wrong is the word."""
    words = shlex.split(fix)[:2]
    return shlex.join([*words, "--help"]) if what.startswith("No such command") else ""


def help_line(error: Exception) -> str:
    """What to type to see the options of the command that was called."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context is not None else 'warmstart'} --help"


def respelled(word: str, wrong: str, right: str) -> str:
    """An option by its right name, its value kept where it is in the same word."""
    if word.startswith(f"{wrong}="):
        return right + word.removeprefix(wrong)
    return right if word == wrong else word


def is_slip(wrong: str, right: str) -> bool:
    """Whether a word is the beginning of another, or that one with a letter wrong or two swapped.

    What is further away is another word: "export" is two letters from "report".
    """
    if len(wrong) > 2 and right.startswith(wrong):
        return True
    for _ in range(2):  # what both begin with goes, then what both end with
        alike = [a == b for a, b in zip(wrong, right, strict=False)]
        number = (*alike, False).index(False)
        wrong, right = wrong[number:][::-1], right[number:][::-1]
    return max(len(wrong), len(right)) < 2 or (len(wrong) == 2 and wrong == right[::-1])
