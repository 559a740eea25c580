# SPDX-License-Identifier: Apache-2.0
"""Where copies of the ledger lie: a folder, or an object storage.

Four verbs are all that a copy needs. A name is written once and never again, so that a
bucket with object lock (retention) serves as well as a folder.
"""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from wardkeep.ledger.tiles import sync_folder, write_file

_SCHEMES = ("s3://", "gs://", "az://", "abfs://")
_PIECE = 8 * 1024 * 1024
_PATIENCE = timedelta(minutes=5)
_RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


_LONGEST_WORDS = 200
_WHERE = (
    "The storage is found by its own variables: AWS_ACCESS_KEY_ID,"
    " AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL (docs/how-to/depots.md)."
)


class DepotError(Exception):
    """The place of the copies cannot be used; the message says why, and the mend."""


class Depot(Protocol):
    """A place for files that are written once."""

    def names(self) -> Sequence[str]:
        """All names, sorted."""

    def put(self, name: str, content: Path) -> None:
        """Copy a file there, whole or not at all."""

    def put_bytes(self, name: str, content: bytes) -> None:
        """The same of a few bytes."""

    def fetch(self, name: str, into: Path) -> None:
        """Copy a file from there; a file that was at `into` is replaced."""


class FolderDepot:
    """A folder, as on another disk or another machine's share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Sequence[str]:
        if not self._folder.is_dir():
            return ()
        found = self._folder.iterdir()
        return sorted(one.name for one in found if not one.name.startswith("."))

    def put(self, name: str, content: Path) -> None:
        self.put_bytes(name, content.read_bytes())

    def put_bytes(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(self._folder / name, content)
        sync_folder(self._folder)

    def fetch(self, name: str, into: Path) -> None:
        write_file(into, (self._folder / name).read_bytes())


class ObjectDepot:
    """An object storage with S3's, Google's or Azure's interface (obstore, MIT).

    Address and credentials are those of the environment, by the storage's own names:
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL and others.
    """

    def __init__(self, url: str) -> None:
        """Connect to nothing yet.

        Raises:
            DepotError: the library is not installed, or the address is none.
        """
        if find_spec("obstore") is None:
            mend = "pip install 'wardkeep[objects]'"
            raise DepotError(f"object storage needs obstore; install it: {mend}")
        import obstore  # noqa: PLC0415 - an optional part

        self._library = obstore
        # A storage on this very machine, as in a trial, has no certificate.
        client: Any = {"allow_http": True, "timeout": _PATIENCE}
        with _in_words(url):
            self._store = obstore.store.from_url(
                url, client_options=client, retry_config=_RETRIES
            )

    def names(self) -> Sequence[str]:
        with _in_words("the storage"):
            pages = self._library.list(self._store)
            return sorted(one["path"] for page in pages for one in page)

    def put(self, name: str, content: Path) -> None:
        with _in_words(name):
            self._library.put(self._store, name, content)

    def put_bytes(self, name: str, content: bytes) -> None:
        with _in_words(name):
            self._library.put(self._store, name, content)

    def fetch(self, name: str, into: Path) -> None:
        beside = into.with_name(f".{into.name}.new")
        with _in_words(name), beside.open("wb") as file:
            found = self._library.get(self._store, name)
            for piece in found.stream(min_chunk_size=_PIECE):
                file.write(bytes(piece))
        beside.chmod(0o600)
        beside.replace(into)


@contextlib.contextmanager
def _in_words(what: str) -> Iterator[None]:
    """The library's errors have one ancestor, and no common words."""
    from obstore.exceptions import BaseError  # noqa: PLC0415 - an optional part

    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        message = f"{what}: {first[:_LONGEST_WORDS]}\n{_WHERE}"
        raise DepotError(message) from None


def open_depot(place: str) -> Depot:
    """A depot by its folder or URL (s3://BUCKET/PREFIX, gs://…, az://…)."""
    if place.startswith(_SCHEMES):
        return ObjectDepot(place)
    return FolderDepot(Path(place))
