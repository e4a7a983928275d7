"""What stored rows are called: a hash of everything that made them."""

import hashlib
import json
from dataclasses import asdict, dataclass

FORMAT_VERSION = 1  # of shards and of this naming; changing it leaves older rows unused


@dataclass(frozen=True)
class NamespaceCard:
    """What all rows of one space have in common.

    ``backbone`` is for people; ``fingerprint`` names the prefix's structure and weights, ``cut``
    where it ends, ``mode`` the runner, its version, number type and instruction set, ``dtype`` and
    ``shape`` what one row is.
    """

    backbone: str
    fingerprint: str
    cut: str
    mode: str
    dtype: str
    shape: tuple[int, ...]
    format_version: int = FORMAT_VERSION

    @property
    def identity(self) -> str:
        """32 hexadecimal digits that name the space."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def row_key(space: str, view_name: str, content_sha256: bytes) -> bytes:
    """The 32-byte name of one row.

    Args:
        space: A SpaceCard's identity.
        view_name: The recipe's name of the view: everything that changes one of its pixels.
        content_sha256: Hash of the image file's bytes.
    """
    view = hashlib.sha256(view_name.encode()).digest()
    return hashlib.sha256(bytes.fromhex(space) + view + content_sha256).digest()
