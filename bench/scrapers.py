# SPDX-License-Identifier: Apache-2.0
"""Blind scrapers alone, on many patients: how far each gets before its first canary.

`WARDKEEP_BENCH_PATIENTS` says how many; a dozen practitioners have a twelfth of them
each. `WARDKEEP_BENCH_WAYS` names the ways, as `reference,id`. What `bench promises`
says of P4, without the rest of it.
"""

import os
import tempfile
import time
from pathlib import Path

import uvloop

from bench._promises import WALKS
from support.template import settings_for
from wardkeep.assembly.drills import by_scraping, ground
from wardkeep.assembly.drills.meadow import meadow

PATIENTS = int(os.environ.get("WARDKEEP_BENCH_PATIENTS", "100000"))
WAYS = os.environ.get("WARDKEEP_BENCH_WAYS", "reference,reference in time").split(",")
_FEW = 12


def run() -> dict[str, float]:
    """Prints what each beginning reached; the figures, by way."""
    return uvloop.run(_scraped())


async def _scraped() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="wardkeep-scrapers-") as folder:
        async with ground(settings_for(Path(folder)), patients=_FEW) as made:
            began = time.process_time()
            many = len(await meadow(made, PATIENTS))
            print(f"  {many:,} records; {time.process_time() - began:,.0f} s of CPU")
            found: dict[str, float] = {}
            for way, walk in WALKS:
                if way in WAYS:
                    runs = await by_scraping.runs_of(made, walk, runs=by_scraping.RUNS)
                    opened = sorted(one.opened for one in runs)
                    print(f"  by {way}: {opened}")
                    found[f"by {way}: p95 of {len(opened)}"] = by_scraping.p95(opened)
                    found[f"by {way}: longest"] = opened[-1]
                    evaded = sum(
                        bool(one.opened) and not one.is_stopped for one in runs
                    )
                    found[f"by {way}: whom no canary stopped"] = evaded
            return found
