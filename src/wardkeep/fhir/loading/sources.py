# SPDX-License-Identifier: Apache-2.0
"""Which files an import reads, and in which order."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.unpacking import (
    ENDINGS,
    Member,
    is_archive,
    members,
    open_archive,
)

FIRST_MARK = "0-"
"""Files whose names begin so hold what others refer to (Synthea's own convention)."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One document to read: a file, or a file within a .zip."""

    path: str
    member: str = ""

    @property
    def name(self) -> str:
        """How the report calls it."""
        return f"{self.path}!{self.member}" if self.member else self.path

    @property
    def is_first(self) -> bool:
        """Whether it is loaded before the rest."""
        return (self.member or self.path).rpartition("/")[2].startswith(FIRST_MARK)

    @property
    def is_by_line(self) -> bool:
        return ".ndjson" in (self.member or self.path).rpartition("/")[2].lower()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the paths hold."""

    sources: tuple[Source, ...]
    """In the order of loading."""
    refused: tuple[Problem, ...]
    passed_over: int
    """Files of folders and archives that are no records by their names."""


def find(paths: Iterable[Path], limits: Limits) -> Found:
    """List what there is to load; nothing is unpacked yet."""
    search = _Search(limits)
    for path in paths:
        search.take(path)
    return Found(
        sources=tuple(sorted(search.sources, key=lambda one: not one.is_first)),
        refused=tuple(search.refused),
        passed_over=search.passed_over,
    )


class _Search:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.sources: list[Source] = []
        self.refused: list[Problem] = []
        self.passed_over = 0

    def take(self, path: Path) -> None:
        """A path that somebody named: what it is decides, links are followed."""
        if path.is_dir():
            for inside in _walk(path):
                self._take_inside(inside)
        elif not path.exists():
            self._refuse(path, "there is no such file", "Check the name.")
        elif not self._take_file(path):
            self._refuse(path, "this kind of file is not read", _KINDS)

    def _take_inside(self, path: Path) -> None:
        # A link may lead out of the folder that was named, or round in a circle.
        if path.is_symlink():
            self._refuse(
                path, "it is a symbolic link", "Name the file it leads to instead."
            )
        elif not self._take_file(path):
            self.passed_over += 1

    def _take_file(self, path: Path) -> bool:
        is_known = path.name.lower().endswith(ENDINGS) or is_archive(path)
        if is_known and not stat.S_ISREG(path.stat().st_mode):
            # Reading a pipe or device would wait for ever.
            self._refuse(path, "it is no ordinary file", "Name an ordinary file.")
        elif is_known and is_archive(path):
            self._take_archive(path)
        elif is_known:
            self.sources.append(Source(path=str(path)))
        return is_known

    def _take_archive(self, path: Path) -> None:
        with open_archive(path) as archive:
            if isinstance(archive, Problem):
                self.refused.append(archive)
                return
            listed = members(archive, str(path), self._limits)
        if isinstance(listed, Problem):
            self.refused.append(listed)
            return
        for one in listed:
            self._take_member(path, one)

    def _take_member(self, path: Path, one: Member | Problem) -> None:
        if isinstance(one, Problem):
            self.refused.append(one)
        elif one.name.lower().endswith(ENDINGS):
            self.sources.append(Source(path=str(path), member=one.name))
        else:
            self.passed_over += 1

    def _refuse(self, path: Path, wrong: str, mend: str) -> None:
        self.refused.append(Problem(place=str(path), wrong=wrong, mend=mend))


_KINDS = f"These are: {', '.join(ENDINGS)}, .zip and folders of them."


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder in the order of names; no link is followed."""
    for place, folders, files in os.walk(folder, followlinks=False):
        here = Path(place)
        folders.sort()
        # A link to a folder is listed among the folders and never entered.
        for name in sorted(files + [f for f in folders if (here / f).is_symlink()]):
            yield here / name
