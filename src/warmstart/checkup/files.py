"""Odd, tiny and huge pictures, and what the crop loses: headers only."""

from collections.abc import Iterable, Mapping

from warmstart.checkup.findings import FileFinding
from warmstart.images.image_file import ImageHeader
from warmstart.images.view import ViewRecipe, discarded_share

TINY_SHARE = 0.5  # of the side that the network sees: below, most pixels are made up
HUGE_PIXELS = 20_000_000  # decoding one takes as long as a hundred of the usual
MUCH = 0.5  # of a picture's pixels, lost by the crop


def odd_modes(headers: Mapping[str, ImageHeader]) -> tuple[FileFinding, ...]:
    """Pictures whose colours are converted before the network sees them.

    Args:
        headers: By name.
    """
    found = [(name, odd_mode(header)) for name, header in headers.items()]
    return tuple(FileFinding(name, reason) for name, reason in found if reason)


def odd_mode(header: ImageHeader) -> str:
    """What is odd about the mode; empty if nothing is."""
    if header.mode.startswith("I") or header.mode == "F":
        return f"more than 8 bits ({header.mode}): scaled to 8"
    if header.mode == "CMYK":
        return "CMYK: converted to RGB without a colour profile"
    if header.has_alpha:
        return f"transparent parts ({header.mode}): laid over white"
    return "a palette (P): converted to RGB" if header.mode == "P" else ""


def odd_sizes(headers: Mapping[str, ImageHeader], recipe: ViewRecipe) -> tuple[FileFinding, ...]:
    """Pictures much smaller than what the network sees, or so large that decoding takes long.

    Args:
        headers: By name.
        recipe: What the network sees.
    """
    found = []
    for name, header in headers.items():
        size = f"{header.width} x {header.height} pixels"
        if min(header.width, header.height) < TINY_SHARE * recipe.size:
            found.append(FileFinding(name, f"tiny: {size}"))
        elif header.width * header.height > HUGE_PIXELS:
            found.append(FileFinding(name, f"huge: {size}"))
    return tuple(found)


def crop_shares(headers: Mapping[str, ImageHeader], recipe: ViewRecipe) -> dict[str, float]:
    """The share of each picture's pixels that the plain view's crop throws away, in [0, 1).

    Args:
        headers: By name.
        recipe: How it crops.
    """
    return {
        name: discarded_share((header.width, header.height), recipe)
        for name, header in headers.items()
    }


def worst_crops(shares: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Those of which the crop takes most of the pixels, the worst first.

    Args:
        shares: Name, and what is thrown away.
    """
    many = ((name, share) for name, share in shares if share > MUCH)
    return tuple(sorted(many, key=lambda item: (-item[1], item[0])))
