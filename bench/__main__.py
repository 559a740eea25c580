# SPDX-License-Identifier: Apache-2.0
"""`make bench`: runs every benchmark, prints a table, writes JSON.

`python -m bench NAME…` runs some; `python -m bench --list` names them.
"""

import json
import os
import pkgutil
import platform
import sys
import time
from pathlib import Path

import bench

RESULTS = Path(__file__).parent / "results"
_GROUPED_FROM = 1000


def names() -> list[str]:
    """The benchmarks, by file name."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if not module.name.startswith("_")
    )


def shown(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= _GROUPED_FROM:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def machine() -> dict[str, object]:
    """What the figures were measured on; the load tells how quiet it was."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def main(arguments: list[str]) -> int:
    known = names()
    if "--list" in arguments:
        print("\n".join(known))
        return 0
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(known)}")
        return 2
    results: dict[str, object] = {"machine": machine()}
    print(f"{results['machine']}\n")
    for name in arguments or known:
        run = pkgutil.resolve_name(f"bench.{name}:run")
        print(f"## {name}")
        figures: dict[str, float] = run()
        figures["load of the last minute, when it ended"] = os.getloadavg()[0]
        results[name] = figures
        for figure, value in figures.items():
            print(f"  {figure:<58}{shown(value):>14}")
        print()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "latest.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {path.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
