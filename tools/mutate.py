# SPDX-License-Identifier: Apache-2.0
"""Changes the door's rules a little everywhere, and says which change no test noticed.

So it does with what counts for the rules: each set of `tools/mutants.toml` is modules
and the tests that have to notice. Works on a copy, so that the checkout stays as it is.
Ends with 1 where a mutant survived that the set does not explain, or explains one that
did not; and where the tests fail without any change, as then nothing was noticed. Whose
tests had no time to end has to be explained as well: it may never end, or the machine
was busy.
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
from typing import Any, NamedTuple

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
    settings: dict[str, Any] = tomllib.loads(SETTINGS.read_text())
    are_good = [_is_good(name, one) for name, one in settings["sets"].items()]
    return 0 if all(are_good) else 1


def _is_good(name: str, one: dict[str, Any]) -> bool:
    """Whether nothing survives of a set that is not explained there."""
    with tempfile.TemporaryDirectory() as folder:
        made = _copy(Path(folder) / "0", one)
        if not _passes(made):
            print(f"{name}: the tests fail without any change: nothing can be said.")
            return False
        _cosmic_ray(made, "cosmic-ray", "init", "settings.toml", "session.sqlite")
        _cosmic_ray(made, "cr-filter-operators", "session.sqlite", "settings.toml")
        copies = list(_shared_out(made, one, os.cpu_count() or 1))
        print(f"{name}: the mutants run; some minutes pass.", flush=True)
        with ThreadPoolExecutor(len(copies)) as threads:
            list(threads.map(_execute, copies))
        found = _outcome(copies)
    return _told(name, found, one["explained"])


def _told(name: str, found: _Found, explained: dict[str, str]) -> bool:
    endless = [one for one in found.out_of_time if one not in found.survivors]
    told = [*found.survivors, *endless]
    unexplained = [one for one in told if one not in explained]
    stale = [one for one in explained if one not in told]
    print(
        f"{name}: {found.noticed} mutants noticed, {len(found.survivors)} survived, "
        f"{len(found.out_of_time)} had no time to end."
    )
    for one in told:
        print(f"  {one}\n    {explained.get(one, 'NOT EXPLAINED')}")
    for one in stale:
        print(f"  explained, but noticed or gone: {one}")
    return not unexplained and not stale and bool(found.noticed)


def _passes(copy: Path) -> bool:
    """Whether the tests pass as long as nothing is changed."""
    settings = tomllib.loads((copy / "settings.toml").read_text())
    command = shlex.split(settings["cosmic-ray"]["test-command"])
    done = subprocess.run(command, cwd=copy, env=_environment(copy), check=False)  # noqa: S603 - our own command
    return done.returncode == 0


def _shared_out(made: Path, one: dict[str, Any], cores: int) -> Iterator[Path]:
    """A copy for each core, with every so-manieth change left to be made in it.

    Each change is made in the copy's own files, so that two at once need two copies.
    """
    for nth in range(cores):
        copy = made.with_name(str(nth))
        if copy != made:
            _copy(copy, one)
            shutil.copy(made / "session.sqlite", copy)
    for nth in range(cores):
        copy = made.with_name(str(nth))
        with closing(sqlite3.connect(copy / "session.sqlite")) as session, session:
            session.execute(_LEFT_TO_OTHERS, (cores, nth))
        yield copy


def _execute(copy: Path) -> None:
    _cosmic_ray(copy, "cosmic-ray", "exec", "settings.toml", "session.sqlite")


def _copy(folder: Path, one: dict[str, Any]) -> Path:
    folder.mkdir()
    for name in COPIED:
        place = ROOT / name
        if place.is_dir():
            hidden = shutil.ignore_patterns("__pycache__")
            shutil.copytree(place, folder / name, ignore=hidden)
        else:
            shutil.copy(place, folder / name)
    # Cosmic Ray's own, before the sets, which its parser cannot read.
    settings = SETTINGS.read_text().partition("[sets.")[0]
    settings = settings.replace("PYTHON", sys.executable)
    # A list of JSON is one of TOML.
    settings = settings.replace('"MODULES"', json.dumps(one["modules"]))
    settings = settings.replace("TESTS", shlex.join(one["tests"]))
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
