# SPDX-License-Identifier: Apache-2.0
"""A small trend line: the last values of one measurement, with its normal band."""

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _EDGE = 180, 46, 5


def draw_trend(
    values: Sequence[Decimal],
    *,
    words: str,
    low: Decimal | None = None,
    high: Decimal | None = None,
) -> Markup:
    """Values in the order of time, evenly spaced; empty with fewer than two."""
    if len(values) < 2:  # noqa: PLR2004 - one point is no trend
        return Markup("")
    known = [*values, *(limit for limit in (low, high) if limit is not None)]
    bottom, top = min(known), max(known)
    span = float(top - bottom) or 1.0

    def y(value: Decimal) -> float:
        share = float(value - bottom) / span
        return round(_HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE), 1)

    step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    points = [
        (round(_EDGE + number * step, 1), y(value))
        for number, value in enumerate(values)
    ]
    line = " ".join(f"{x},{height}" for x, height in points)
    band_top = y(top if high is None else high)
    band_bottom = y(bottom if low is None else low)
    has_band = low is not None or high is not None
    band = (
        f'<rect class="c-band" x="0" y="{band_top}" width="{_WIDTH}"'
        f' height="{max(1.0, round(band_bottom - band_top, 1))}"/>'
        if has_band
        else ""
    )
    x, height = points[-1]
    return Markup(  # noqa: S704 - every text was escaped
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' role="img" aria-label="{escape(words)}: {len(values)} values from'
        f' {values[0]} to {values[-1]}">{band}'
        f'<polyline class="c-line" points="{line}"/>'
        f'<circle class="c-dot" cx="{x}" cy="{height}" r="3"/></svg>'
    )
