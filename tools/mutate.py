# SPDX-License-Identifier: Apache-2.0
"""Changes the door's rules a little everywhere, and says which change no test noticed.

Works on a copy, so that the checkout stays as it is. Ends with 1 where a mutant
survived that `tools/mutants.toml` does not explain, or explains one that did not.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("src", "tests", "pyproject.toml")
SETTINGS = ROOT / "tools" / "mutants.toml"
_BIN = Path(sys.executable).parent


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(Path(folder))
        _cosmic_ray(copy, "cosmic-ray", "init", "settings.toml", "session.sqlite")
        _cosmic_ray(copy, "cr-filter-operators", "session.sqlite", "settings.toml")
        print("The mutants run; some minutes pass.", flush=True)
        _cosmic_ray(copy, "cosmic-ray", "exec", "settings.toml", "session.sqlite")
        survivors, killed = _outcome(copy)
    explained: dict[str, str] = tomllib.loads(SETTINGS.read_text())["explained"]
    unexplained = [one for one in survivors if one not in explained]
    stale = [one for one in explained if one not in survivors]
    print(f"{killed} mutants were noticed, {len(survivors)} survived.")
    for one in survivors:
        print(f"  {one}\n    {explained.get(one, 'NOT EXPLAINED')}")
    for one in stale:
        print(f"  explained, but noticed or gone: {one}")
    return 1 if unexplained or stale or not killed else 0


def _copy(folder: Path) -> Path:
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
    # The copy's sources go before the installed ones.
    environment = {"PATH": f"{_BIN}:/usr/bin:/bin", "PYTHONPATH": str(folder / "src")}
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(_BIN / command), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _outcome(folder: Path) -> tuple[list[str], int]:
    """The line that each survivor makes, and how many were noticed."""
    survivors: dict[str, None] = {}
    killed = 0
    for _, result in _results(folder):
        if result["worker_outcome"] == "skipped":
            continue
        if result["test_outcome"] == "killed":
            killed += 1
            continue
        lines = result["diff"].splitlines()
        made = [one[1:].strip() for one in lines if one.startswith("+")]
        survivors |= dict.fromkeys(one for one in made if not one.startswith("++"))
    return list(survivors), killed


def _results(folder: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    for line in _cosmic_ray(
        folder, "cosmic-ray", "dump", "session.sqlite"
    ).splitlines():
        item, result = json.loads(line)
        if result is not None:
            yield item, result


if __name__ == "__main__":
    sys.exit(main())
