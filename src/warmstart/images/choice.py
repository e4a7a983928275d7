"""A setting that must be one of a few words."""

from collections.abc import Sequence

from warmstart.errors import SettingError


def check_choice(field: str, value: str | None, choices: Sequence[str | None]) -> None:
    """Check one.

    Args:
        field: The setting's name.
        value: What was given.
        choices: What there is.

    Raises:
        SettingError: the value is none of them.
    """
    if value not in choices:
        raise SettingError(
            f"{field} is {value!r}.",
            expected=" or ".join(repr(choice) for choice in choices) + ".",
            fix=f"pass {field}={choices[0]!r}.",
        )
