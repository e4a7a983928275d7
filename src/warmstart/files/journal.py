"""Lines that are on the disk once ``append`` returns: what a person did, kept as it is done."""

import os
from pathlib import Path
from threading import Lock

from warmstart.errors import FileError
from warmstart.files.reading import PLAIN_TEXT_BYTES, read_regular
from warmstart.files.writing import file_errors, sync_folder


class Journal:
    """A file of lines that only grows.

    A line that a kill or the power cut short has no line feed behind it; it was never answered for,
    and is cut off when the file is opened again, so that the next line does not begin within it.
    """

    def __init__(self, path: Path) -> None:
        """Open a journal, or begin one.

        Args:
            path: Its file; the folder is made.

        Raises:
            FileError: it is no text in UTF-8.
        """
        self.path = path
        self._lock = Lock()
        with file_errors(path, "the journal"):
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            content = b"" if is_new else read_regular(path, PLAIN_TEXT_BYTES)
            whole = content[: content.rfind(b"\n") + 1]
            self._file = path.open("ab")
            if len(whole) < len(content):
                self._file.truncate(len(whole))
                os.fsync(self._file.fileno())
            if is_new:
                sync_folder(path.parent)
        try:
            self.lines = whole.decode().splitlines()
        except UnicodeDecodeError as error:
            self._file.close()
            raise FileError(
                f"{path} is no text in UTF-8.",
                expected="the journal as warmstart wrote it.",
                fix=f"move it away: mv {path} {path}.bad",
            ) from error

    def append(self, line: str) -> None:
        """Add a line, and wait until it is on the disk.

        Args:
            line: Without a line feed.
        """
        with self._lock, file_errors(self.path, "the journal"):
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.lines.append(line)

    def close(self) -> None:
        """Write no more."""
        self._file.close()
