"""A file that grows part by part, and that a stopped writer goes on with: nothing is done twice."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from warmstart.errors import FileError
from warmstart.files.reading import read_regular
from warmstart.files.strict import convert, json_table
from warmstart.files.writing import NO_TEXT, file_errors, sync_folder, write_whole

PART, PROGRESS = ".part", ".part.json"  # how the names of both end while it grows
MOST_PROGRESS_BYTES = 64 << 20  # a picture that cannot be read takes a line


@dataclass
class Grown:
    """How far a file is: ``num_bytes`` of it are on the disk, what ``num_done`` of them say.

    ``identity`` names what is written; ``failed`` are (name, reason) of what is not in it.
    """

    identity: str
    num_bytes: int = 0
    num_done: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


class PartialFile:
    """Text that is on the disk once ``append`` returns, and becomes ``place`` at the end.

    Until then it lies beside it, with a small file that says how far it is.
    """

    def __init__(self, place: Path, identity: str) -> None:
        """Begin, or go on with what a writer of the same ``identity`` left.

        Args:
            place: The file that it becomes.
            identity: Names all that decides what is written.
        """
        self.place = place
        self._part = place.with_name(place.name + PART)
        self._about = place.with_name(place.name + PROGRESS)
        self.progress = self._found(identity) or Grown(identity)
        with file_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("r+b" if self.progress.num_bytes else "wb")
            self._file.truncate(self.progress.num_bytes)
            self._file.seek(self.progress.num_bytes)

    def append(self, text: str, num_done: int, failed: list[tuple[str, str]]) -> None:
        """Add a part, and wait until it is on the disk.

        Args:
            text: In lines.
            num_done: How many it says something of, the failed ones included.
            failed: What it says nothing of: names, and why.
        """
        with file_errors(self.place):
            content = text.encode(errors=NO_TEXT)
            self._file.write(content)
            self._file.flush()
            os.fsync(self._file.fileno())
        self.progress.num_bytes += len(content)
        self.progress.num_done += num_done
        self.progress.failed += failed
        write_whole(self._about, json.dumps(asdict(self.progress)))

    def finish(self) -> None:
        """Let it take its place."""
        with file_errors(self.place):
            self._file.close()
            self._part.replace(self.place)
            self._about.unlink(missing_ok=True)
            sync_folder(self.place.parent)

    def close(self) -> None:
        """Write no more; what is there waits for whoever goes on."""
        self._file.close()

    def discard(self) -> None:
        """Leave nothing."""
        self._file.close()
        with file_errors(self.place):
            self._part.unlink(missing_ok=True)
            self._about.unlink(missing_ok=True)

    def _found(self, identity: str) -> Grown | None:
        try:
            content = read_regular(self._about, MOST_PROGRESS_BYTES)
            found = convert(json_table(content, str(self._about)), Grown, str(self._about))
            fits = found.num_bytes <= self._part.stat().st_size and self._part.is_file()
        except (OSError, FileError):
            return None
        return found if fits and found.identity == identity else None
