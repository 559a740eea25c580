# SPDX-License-Identifier: Apache-2.0
"""Changes the door's rules a little everywhere, and says which change no test noticed.

Works on a copy, so that the checkout stays as it is. Ends with 1 where a mutant
survived that `tools/mutants.toml` does not explain, or explains one that did not; and
where the tests fail without any change, or had no time, as then nothing was noticed.
"""

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COPIED = ("src", "tests", "pyproject.toml")
SETTINGS = ROOT / "tools" / "mutants.toml"
_OUT_OF_TIME = "timeout"
"""What Cosmic Ray has for the output of tests that it ended."""
_BIN = Path(sys.executable).parent
_LEFT_TO_OTHERS = """
insert into work_results (worker_outcome, job_id)
select 'SKIPPED', job_id from work_items
where rowid % ? <> ? and job_id not in (select job_id from work_results)
"""


class _Found(NamedTuple):
    """What became of the mutants."""

    survivors: Sequence[str]
    """The line that each survivor makes."""
    out_of_time: Sequence[str]
    """The same of those whose tests were ended: Cosmic Ray takes them for noticed."""
    noticed: int


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        made = _copy(Path(folder) / "0")
        if not _passes(made):
            print("The tests fail without any change: nothing can be said.")
            return 1
        _cosmic_ray(made, "cosmic-ray", "init", "settings.toml", "session.sqlite")
        _cosmic_ray(made, "cr-filter-operators", "session.sqlite", "settings.toml")
        copies = list(_shared_out(made, os.cpu_count() or 1))
        print("The mutants run; some minutes pass.", flush=True)
        with ThreadPoolExecutor(len(copies)) as threads:
            list(threads.map(_execute, copies))
        found = _outcome(copies)
    return _told(found)


def _told(found: _Found) -> int:
    survivors = found.survivors
    explained: dict[str, str] = tomllib.loads(SETTINGS.read_text())["explained"]
    unexplained = [one for one in survivors if one not in explained]
    stale = [one for one in explained if one not in survivors]
    print(f"{found.noticed} mutants were noticed, {len(survivors)} survived.")
    for one in survivors:
        print(f"  {one}\n    {explained.get(one, 'NOT EXPLAINED')}")
    for one in stale:
        print(f"  explained, but noticed or gone: {one}")
    for one in found.out_of_time:
        print(f"  its tests had no time to end: {one}")
    is_bad = bool(unexplained or stale or found.out_of_time)
    return 1 if is_bad or not found.noticed else 0


def _passes(copy: Path) -> bool:
    """Whether the tests pass as long as nothing is changed."""
    settings = tomllib.loads((copy / "settings.toml").read_text())
    command = shlex.split(settings["cosmic-ray"]["test-command"])
    done = subprocess.run(command, cwd=copy, env=_environment(copy), check=False)  # noqa: S603 - our own command
    return done.returncode == 0


def _shared_out(made: Path, cores: int) -> Iterator[Path]:
    """A copy for each core, with every so-manieth change left to be made in it.

    Each change is made in the copy's own files, so that two at once need two copies.
    """
    for nth in range(cores):
        copy = made.with_name(str(nth))
        if copy != made:
            _copy(copy)
            shutil.copy(made / "session.sqlite", copy)
    for nth in range(cores):
        copy = made.with_name(str(nth))
        with closing(sqlite3.connect(copy / "session.sqlite")) as session, session:
            session.execute(_LEFT_TO_OTHERS, (cores, nth))
        yield copy


def _execute(copy: Path) -> None:
    _cosmic_ray(copy, "cosmic-ray", "exec", "settings.toml", "session.sqlite")


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in COPIED:
        place = ROOT / name
        if place.is_dir():
            hidden = shutil.ignore_patterns("__pycache__")
            shutil.copytree(place, folder / name, ignore=hidden)
        else:
            shutil.copy(place, folder / name)
    settings = SETTINGS.read_text().replace("PYTHON", sys.executable)
    (folder / "settings.toml").write_text(settings)
    return folder


def _cosmic_ray(folder: Path, command: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(_BIN / command), *arguments],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    """The copy's sources go before the installed ones."""
    return {"PATH": f"{_BIN}:/usr/bin:/bin", "PYTHONPATH": str(folder / "src")}


def _outcome(copies: Sequence[Path]) -> _Found:
    survivors: dict[str, None] = {}
    out_of_time: dict[str, None] = {}
    noticed = 0
    for result in chain.from_iterable(map(_results, copies)):
        if result["worker_outcome"] == "skipped":
            continue
        if result["output"] == _OUT_OF_TIME:
            out_of_time |= dict.fromkeys(_lines_made(result["diff"]))
        elif result["test_outcome"] == "killed":
            noticed += 1
        else:
            survivors |= dict.fromkeys(_lines_made(result["diff"]))
    return _Found(list(survivors), list(out_of_time), noticed)


def _lines_made(diff: str) -> list[str]:
    made = [one[1:].strip() for one in diff.splitlines() if one.startswith("+")]
    return [one for one in made if not one.startswith("++")]


def _results(copy: Path) -> Iterator[dict[str, str]]:
    dumped = _cosmic_ray(copy, "cosmic-ray", "dump", "session.sqlite")
    for line in dumped.splitlines():
        _, result = json.loads(line)
        if result is not None:
            yield result


if __name__ == "__main__":
    sys.exit(main())
