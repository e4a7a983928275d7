"""The public names and their signatures: whatever changes them is meant.

``python tests/architecture/test_public_names.py`` writes the snapshot anew.
"""

import ast
import dataclasses
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import warmstart
import warmstart.callbacks

SNAPSHOT = Path(__file__).with_name("public_names.txt")


class Unquoted(ast.NodeTransformer):
    """Annotations without their quotes: whether a name had to be quoted is no part of them."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = unquoted(node.annotation)
        return node


def unquoted(node: ast.expr | None) -> ast.expr | None:
    """``"Name"`` as ``Name``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.parse(node.value, mode="eval").body
    return node


def definition(thing: object) -> ast.stmt:
    """A class or function as it is written."""
    source = inspect.getsource(inspect.unwrap(thing))  # type: ignore[arg-type]
    return ast.parse(textwrap.dedent(source)).body[0]


def signature(thing: object) -> str:
    """Arguments, defaults and what is returned, as they are written."""
    node = definition(thing)
    assert isinstance(node, ast.FunctionDef)
    returned = unquoted(node.returns)
    arrow = "" if returned is None else f" -> {ast.unparse(returned)}"
    return f"({ast.unparse(Unquoted().visit(node.args))}){arrow}"


def function_of(member: object) -> object | None:
    """What a public attribute of a class is made of, if it is a function of ours."""
    found = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    is_own = str(getattr(found, "__module__", "")).startswith("warmstart.")
    return found if inspect.isfunction(found) and is_own else None


def own_members(thing: type) -> Iterator[tuple[str, object, object]]:
    """Public methods and properties, with the function behind each."""
    for name in sorted(dir(thing)):
        member = inspect.getattr_static(thing, name)
        function = function_of(member)
        if function is not None and not name.startswith("_"):
            yield name, member, function


def fields(thing: type) -> list[str]:
    """The fields of a dataclass, as they are written."""
    written: dict[str, str] = {}
    for base in reversed(thing.__mro__):
        if dataclasses.is_dataclass(base):
            node = definition(base)
            assert isinstance(node, ast.ClassDef)
            written |= {ast.unparse(each.target): ast.unparse(each) for each in node.body
                        if isinstance(each, ast.AnnAssign)}  # fmt: skip
    return [written[each.name] for each in dataclasses.fields(thing)]


def lines() -> Iterator[str]:
    """Every public name with what can be called or read of it."""
    for name, thing in public_things():
        if inspect.isfunction(thing):
            yield f"{name}{signature(thing)}"
            continue
        if not inspect.isclass(thing):
            yield f"{name}: {type(thing).__name__}"
            continue
        bases = ", ".join(base.__name__ for base in thing.__bases__) if is_error(thing) else ""
        yield f"class {name}" + (f"({bases})" if bases else "")
        if dataclasses.is_dataclass(thing):
            yield from (f"    {each}" for each in fields(thing))
        elif function_of(thing.__dict__.get("__init__")) is not None:
            yield f"    __init__{signature(thing.__init__)}"
        for member_name, member, function in own_members(thing):
            kind = "property " if isinstance(member, property) else ""
            yield f"    {kind}{member_name}{signature(function)}"


def public_things() -> Iterator[tuple[str, object]]:
    """Names of the package, then those of ``warmstart.callbacks``."""
    yield from ((name, getattr(warmstart, name)) for name in warmstart.__all__)
    for name in warmstart.callbacks.__all__:
        yield f"callbacks.{name}", getattr(warmstart.callbacks, name)


def is_error(thing: type) -> bool:
    return issubclass(thing, BaseException)


def test_signatures_are_those_of_the_snapshot() -> None:
    assert list(lines()) == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_the_list_is_sorted_and_every_error_of_users_is_in_it() -> None:
    from warmstart import errors

    raised = {name for name, each in vars(errors).items() if inspect.isclass(each)
              and issubclass(each, errors.WarmstartError)}  # fmt: skip
    assert raised <= set(warmstart.__all__)
    assert warmstart.__all__ == sorted(warmstart.__all__)
    assert len(warmstart.__all__) <= 32


def test_looking_around_loads_nothing() -> None:
    code = (
        "import sys, warmstart; names = dir(warmstart); version = warmstart.__version__; "
        "loaded = [name for name in sys.modules if name.startswith(('warmstart.', 'numpy'))]; "
        "print(len(names), version, loaded)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = f"{len(warmstart.__all__) + 2} {version('warmstart')} []"
    assert done.stdout.strip() == expected


def test_callbacks_are_an_attribute_that_loads_neither_torch_nor_mlflow() -> None:
    code = (
        "import sys, warmstart; warmstart.callbacks.CSVLogger; "
        "sys.exit(bool({'torch', 'mlflow', 'tensorboard'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_and_method_has_an_example_that_runs() -> None:
    without = []
    for name, thing in public_things():
        found = {name: thing}
        is_logger = name.startswith("callbacks.") and thing is not warmstart.callbacks.Callback
        if inspect.isclass(thing) and not is_error(thing) and not is_logger:
            found |= {f"{name}.{method}": function for method, member, function
                      in own_members(thing) if not isinstance(member, property)}  # fmt: skip
        without += [place for place, each in found.items() if ">>> " not in (each.__doc__ or "")]
    assert without == []


if __name__ == "__main__":
    SNAPSHOT.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
