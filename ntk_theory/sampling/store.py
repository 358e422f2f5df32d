"""A file of finished results that a kill can't spoil: a JSON line a result, each with its checksum, only appended.

The first line says what all results share. A line is written in one piece and flushed to the disk before the next
is begun, so that a kill leaves at most one line without its end, the last: it is cut off when the file is opened.
Anything else that is not as it was written is an error, and so are two results of one name, and a second writer.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ntk_theory.errors import DataError, NtkTheoryError

_DIGITS = 16  # of the checksum
_LIKE_A_LINE = re.compile(rb"[0-9a-f]{0,%d}|[0-9a-f]{%d} \{?" % (_DIGITS, _DIGITS))


@dataclass
class Store:
    """An open file: `results` by name, as they are on the disk."""

    path: Path
    file: BinaryIO
    results: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, result: Any) -> None:
        """Write a result; when this returns it is on the disk. Raises `DataError` for a name that is there."""
        if name in self.results:
            raise DataError(f"{self.path} holds a result of {name} already.")
        self._append({"name": name, "result": result})
        self.results[name] = result

    def _append(self, content: Mapping[str, Any]) -> None:
        self.file.write(_line(content))
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def open_store(path: Path | str, shared: Mapping[str, Any]) -> Iterator[Store]:
    """Open or begin a store whose results all share `shared`, for one writer at a time.

    Raises `DataError` where the file holds something else, was begun with other settings, is damaged, or is being
    written by another process.
    """
    try:
        import fcntl
    except ImportError as error:
        raise NtkTheoryError("A store locks its file as Unix does; this system can't.") from error
    where = Path(path)
    try:
        file = open(where, "a+b")  # noqa: SIM115 (closed below, the lock with it)
    except OSError as error:
        raise DataError(f"{where} can't be opened: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(
                f"{where} is being written by another process; wait for it, or give another file."
            ) from error
        store = Store(where, file)
        contents = _whole_lines(store)
        if contents:
            _check_shared(where, contents[0], shared)
            _take(store, contents[1:])
        else:
            store._append({"shared": shared})
            _flush_folder(where)
        yield store


def _line(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{_checksum(text)} {text}\n".encode()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _whole_lines(store: Store) -> list[Any]:
    """What the file holds, without a last line that was never finished: that is cut off."""
    store.file.seek(0)
    data = store.file.read()
    end = data.rfind(b"\n") + 1
    contents = []
    for number, line in enumerate(data[:end].split(b"\n")[:-1], start=1):
        text = line[_DIGITS + 1 :].decode(errors="replace")
        if line != f"{_checksum(text)} {text}".encode():
            if number == 1:
                raise DataError(
                    f"{store.path} is no store of results, or its first line is damaged. It is left as is."
                )
            raise DataError(
                f"Line {number} of {store.path} is not as it was written: its checksum differs. It is left as is; "
                "restore the file from a copy, or delete that line to have its result computed again."
            )
        contents.append(json.loads(text))
    # A first line without its end is this file's only if it looks like one: never empty a stranger's file.
    if not contents and data and not _LIKE_A_LINE.fullmatch(data[: _DIGITS + 2]):
        raise DataError(f"{store.path} is no store of results; give another file.")
    if end < len(data):
        store.file.truncate(end)
        os.fsync(store.file.fileno())
    return contents


def _check_shared(path: Path, first: Any, shared: Mapping[str, Any]) -> None:
    begun = first.get("shared") if isinstance(first, dict) else None
    if begun is None:
        raise DataError(f"{path} does not begin with its settings: its first line is missing. Restore the file.")
    for name in sorted({*begun, *shared}):
        if name not in begun or name not in shared or begun[name] != shared[name]:
            raise DataError(
                f"{path} was begun with {name} = {begun.get(name)!r}, and now {name} = {shared.get(name)!r}: "
                "results would not belong together. Give another file, or the settings it was begun with."
            )


def _take(store: Store, contents: list[Any]) -> None:
    for content in contents:
        if content["name"] in store.results:
            raise DataError(f"{store.path} holds two results of {content['name']}: delete one of the two lines.")
        store.results[content["name"]] = content["result"]


def _flush_folder(path: Path) -> None:
    """The file's name, too, is on the disk."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
