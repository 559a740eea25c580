# SPDX-License-Identifier: Apache-2.0
"""Pages in a real browser on a slow network and a slow machine.

The figures are Lighthouse's for a phone
(https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md): 150 ms there
and back, 1.6 Mbit/s, and a processor four times as slow as this one.

A new tab of Chromium is at work for a second by itself, with pages of its own, on the
same processors: so one tab is let come to rest and used for every visit, each of which
begins on a page of one word from the same server, as people come from one page of it to
the next.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from playwright.async_api import Browser, CDPSession, Page

from support.chromium import chromium

VISITS = 20
_AT_REST_MS = 3000
_ONE_WORD = "/health/live"
_NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
_SLOWER = 4
_WIDE, _PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_ASK = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const others = performance.getEntriesByType("resource");
  const seen = { "layout-shift": [], "largest-contentful-paint": [] };
  for (const type of Object.keys(seen)) {
    const keep = (list) => seen[type].push(...list.getEntries());
    new PerformanceObserver(keep).observe({ type, buffered: true });
  }
  const sum = (of, what) => of.reduce((sum, one) => sum + one[what], 0);
  const largest = () => seen["largest-contentful-paint"].map((one) => one.startTime);
  return new Promise((done) => setTimeout(() => done({
    "painted, ms": paint.startTime,
    "largest part painted, ms": Math.max(paint.startTime, ...largest()),
    "loaded, ms": page.loadEventEnd,
    "server until its first byte, ms": page.responseStart,
    "kB sent": sum([page, ...others], "transferSize") / 1000,
    "requests": [page, ...others].filter((one) => one.transferSize > 0).length,
    "elements": document.querySelectorAll("*").length,
    "moved after it was painted": sum(seen["layout-shift"], "value"),
  }), 100));
}"""
_UNTIL_LOADED = (
    "performance.getEntriesByType('navigation')[0].loadEventEnd > 0"
    " && performance.getEntriesByName('first-contentful-paint').length > 0"
)
_THREAD = {
    "main thread, ms": "TaskDuration",
    "layout, ms": "LayoutDuration",
    "style, ms": "RecalcStyleDuration",
    "script, ms": "ScriptDuration",
}
_TIMED = ("painted, ms", "largest part painted, ms")


class _Tab(msgspec.Struct, frozen=True):
    """A tab at rest, slowed."""

    page: Page
    cdp: CDPSession
    origin: str


def visited(origin: str, token: str, paths: Sequence[str]) -> dict[str, float]:
    """Of each page: visits with nothing kept, and later ones; medians, and two p95."""
    return asyncio.run(_visited(origin, token, paths))


async def _visited(origin: str, token: str, paths: Sequence[str]) -> dict[str, float]:
    figures: dict[str, float] = {}
    async with chromium() as browser:
        for screen, size in (("wide", _WIDE), ("phone", _PHONE)):
            async with _tab(browser, origin, token, size) as tab:
                for path in paths:
                    name = path.rpartition("/")[2] if path.count("/") > 2 else "summary"
                    figures |= await _page(tab, path, f"slow 4G, {screen}, {name}")
    return figures


@asynccontextmanager
async def _tab(
    browser: Browser, origin: str, token: str, size: dict[str, int]
) -> AsyncIterator[_Tab]:
    context = await browser.new_context(viewport=size)  # type: ignore[arg-type]  # ViewportSize is such a dict
    await context.add_cookies([{"name": "wardkeep", "value": token, "url": origin}])
    page = await context.new_page()
    cdp = await context.new_cdp_session(page)
    await page.wait_for_timeout(_AT_REST_MS)
    await cdp.send("Performance.enable")
    await cdp.send("Network.enable")
    await cdp.send("Network.emulateNetworkConditions", _NETWORK)
    await cdp.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    yield _Tab(page, cdp, origin)
    await context.close()


async def _page(tab: _Tab, path: str, name: str) -> dict[str, float]:
    figures: dict[str, float] = {}
    for visit, keeps in (("first visit", False), ("later", True)):
        if keeps:
            await _visit(tab, path, keeps=True)
        found = [await _visit(tab, path, keeps=keeps) for _ in range(VISITS)]
        for what in found[0]:
            values = [one[what] for one in found]
            said = f"{name}, {visit}: {what}"
            figures[said] = statistics.median(values)
            if what in _TIMED:
                figures[f"{said}, p95"] = statistics.quantiles(values, n=20)[-1]
    return figures


async def _visit(tab: _Tab, path: str, *, keeps: bool) -> dict[str, float]:
    if not keeps:
        await tab.cdp.send("Network.clearBrowserCache")
    await tab.page.goto(f"{tab.origin}{_ONE_WORD}")
    before = await _thread(tab)
    await tab.page.goto(f"{tab.origin}{path}", wait_until="load")
    await tab.page.wait_for_function(_UNTIL_LOADED)
    after = await _thread(tab)
    found: dict[str, float] = await tab.page.evaluate(_ASK)
    return found | {what: after[what] - before[what] for what in after}


async def _thread(tab: _Tab) -> dict[str, float]:
    """What the page's main thread did so far, in milliseconds."""
    told = await tab.cdp.send("Performance.getMetrics")
    metrics = {one["name"]: one["value"] for one in told["metrics"]}
    return {what: 1000 * metrics[name] for what, name in _THREAD.items()}
