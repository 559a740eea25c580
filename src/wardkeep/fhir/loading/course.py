# SPDX-License-Identifier: Apache-2.0
"""The course of a load: what comes first, what is put off, how far it is."""

import time
from collections.abc import Sequence

from wardkeep.base.outcome import Problem
from wardkeep.fhir.loading.load import Loader
from wardkeep.fhir.loading.outcomes import KnownAlready, Loaded, Outcome, PutOff
from wardkeep.fhir.loading.report import ImportReport, Show
from wardkeep.fhir.loading.sources import Source

Results = list[Outcome | Problem]


class Course:
    """Counts what became of every source, and keeps what is to be tried again."""

    def __init__(self, report: ImportReport, show: Show, *, total: int) -> None:
        self._report = report
        self._show = show
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._put_off: list[Source] = []

    def count(self, source: Source, results: Results) -> None:
        """Add a source's results; what was put off is counted when it comes again."""
        if any(isinstance(one, PutOff) for one in results):
            self._put_off.append(source)
            results = [one for one in results if isinstance(one, Loaded)]
        else:
            self._done += 1
        self._add(results)

    def count_again(self, results: Results) -> None:
        """The same for a source that was put off: it has its last chance."""
        self._done += 1
        self._add([one for one in results if not isinstance(one, KnownAlready)])

    def _add(self, results: Results) -> None:
        for one in results:
            self._report.count(one)
        self._report.seconds = time.monotonic() - self._began
        self._show(done=self._done, total=self._total, rate=self._report.rate)

    def take_put_off(self) -> list[Source]:
        put_off, self._put_off = self._put_off, []
        return put_off


async def load_in_turn(
    loader: Loader, sources: Sequence[Source], *, report: ImportReport, show: Show
) -> None:
    """Load every source in this process, one after the other."""
    course = Course(report, show, total=len(sources))
    for source in sources:
        course.count(source, await loader.load_source(source, is_last_chance=False))
    for source in course.take_put_off():
        course.count_again(await loader.load_source(source, is_last_chance=True))
