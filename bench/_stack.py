# SPDX-License-Identifier: Apache-2.0
"""A whole installation for the benchmarks: `wardkeep serve` over an empty folder."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.served import Served, Visitor

__all__ = [
    "RECORDS",
    "Stack",
    "Visitor",
    "processes_of",
    "processor_seconds",
    "stack",
]

RECORDS = Path(
    os.environ.get("WARDKEEP_BENCH_RECORDS", "../shared/data/synthea")
).resolve()
"""Real FHIR bundles to load; see docs/performance.md."""
_LOADED = re.compile(r"([\d,]+) resources of .* \(([\d,]+) resources/s\)")


class Stack(Served):
    """`wardkeep serve`, with what is measured of it."""

    def load(self, organisation: str) -> float:
        """Make an organisation and load the records; resources a second."""
        self.command("organisation", "create", "--slug", organisation, "--name", "B")
        said = self.command("import", str(RECORDS), "--organisation", organisation)
        found = _LOADED.search(said)
        if found is None:
            raise RuntimeError(said)
        return float(found[2].replace(",", ""))

    def spent(self) -> dict[str, float]:
        """Seconds of processor time so far, of all processes with one name together."""
        return processor_seconds(self.process.pid)

    def spent_since(
        self, before: dict[str, float], *, what: str, times: int
    ) -> dict[str, float]:
        """Milliseconds of processor time for each of `times`, by process and in all."""
        spent = {
            name: 1000 * (now - before.get(name, 0.0)) / times
            for name, now in self.spent().items()
        }
        named = {
            f"{what}: {name}, processor ms": spent[name]
            for name in ("web", "warden", "database")
            if name in spent
        }
        return {**named, f"{what}: all, processor ms": sum(spent.values())}

    def memory(self) -> dict[str, float]:
        """MB of each process of ours, the largest of those with one name."""
        found: dict[str, float] = {}
        for process, name in processes_of(self.process.pid):
            found[name] = max(found.get(name, 0.0), _megabytes(process))
        return found


def processes_of(root: int) -> Iterator[tuple[int, str]]:
    """Id and name of a process and all below it."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    waiting = [root]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        with suppress(OSError):
            yield one, _name_of(one)


def processor_seconds(root: int) -> dict[str, float]:
    """Seconds of processor time of a process and all below it, by name."""
    found: dict[str, float] = {}
    for process, name in processes_of(root):
        with suppress(OSError):
            found[name] = found.get(name, 0.0) + _seconds(process)
    return found


def _name_of(process: int) -> str:
    words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    if "wardkeep.cli" in words:
        return words[words.index("wardkeep.cli") + 1]
    return "database" if any("postgres" in word for word in words[:1]) else "other"


def _seconds(process: int) -> float:
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process: int) -> float:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    [kilobytes] = re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
    return int(kilobytes) / 1024


@contextmanager
def stack(**settings: str) -> Iterator[Stack]:
    """A stack in a folder of its own, stopped and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
        made = Stack(Path(folder), **settings)
        try:
            yield made
        finally:
            made.stop()
