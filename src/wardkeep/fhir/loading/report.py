# SPDX-License-Identifier: Apache-2.0
"""What became of every source of an import, for people and for programs."""

from typing import Protocol

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.loading.outcomes import KnownAlready, Loaded, Outcome, Refused

_LOADED = (
    "Loaded {report.resources:,} resources of {report.patients:,} patients from"
    " {report.loaded_documents:,} documents into {report.organisation}"
    " in {report.seconds:.1f} s ({rate:,.0f} resources/s)."
)


class Show(Protocol):
    """Tells how far the import is: sources done of all, resources a second."""

    def __call__(self, *, done: int, total: int, rate: float) -> None: ...


class ImportReport(msgspec.Struct, kw_only=True):
    """What became of every source."""

    organisation: str = ""
    """Whose records they are now."""
    loaded_documents: int = 0
    known_documents: int = 0
    passed_over: int = 0
    """Files that are no records by their names."""
    resources: int = 0
    patients: int = 0
    unchanged: int = 0
    """The organisation's own resources that were here with the same content."""
    bytes: int = 0
    """Compact JSON of what was loaded."""
    seconds: float = 0.0
    refused: list[Problem] = msgspec.field(default_factory=list)
    entry_codes: list[str] = msgspec.field(default_factory=list)
    """Places in which codes that open homes seem to stand; without the codes."""

    @property
    def rate(self) -> float:
        """Resources a second."""
        return self.resources / self.seconds if self.seconds else 0.0

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            _LOADED.format(report=self, rate=self.rate),
            f"{self.known_documents:,} documents were loaded before.",
            f"{len(self.refused):,} problems.",
            *[f"  {problem}" for problem in self.refused],
            *self._lines_of_codes(),
        ]

    def _lines_of_codes(self) -> list[str]:
        if not self.entry_codes:
            return []
        found = len(self.entry_codes)
        return [
            f"Texts that seem to hold a code that opens a home: {found:,}. Move each:",
            *[f"  {place}" for place in self.entry_codes],
        ]

    def count(self, outcome: Outcome | Problem) -> None:
        """Add what became of one document."""
        match outcome:
            case Loaded():
                self.loaded_documents += 1
                self.resources += outcome.resources
                self.patients += outcome.patients
                self.unchanged += outcome.unchanged
                self.bytes += outcome.bytes
                self.entry_codes += outcome.entry_codes
            case KnownAlready():
                self.known_documents += 1
            case Refused():
                self.refused += outcome.problems
            case Problem():
                self.refused.append(outcome)
            case _:  # put off: it is counted when it is tried again
                pass
