# SPDX-License-Identifier: Apache-2.0
"""A bar chart says its numbers, and takes no markup from anybody."""

import re

from wardkeep.ui.charts.bars import Bar, BarChart, draw_bars


def bars(*values: int) -> BarChart:
    made = tuple(
        Bar(label=f"{place:02}", value=one, words=f"{place}: {one}")
        for place, one in enumerate(values)
    )
    return BarChart(title="Calls <by hour>", unit="Calls", bars=made)


def heights(svg: str) -> list[float]:
    return [float(one) for one in re.findall(r'<rect[^>]* height="([\d.]+)"', svg)]


def test_bars_are_as_tall_as_their_numbers_and_say_them() -> None:
    svg = draw_bars(bars(0, 5, 10))
    none, half, whole = heights(svg)
    assert (none, half * 2) == (0, whole)
    assert 'aria-label="Calls &lt;by hour&gt;"' in svg
    assert svg.count('class="c-value"') == 2, "a zero is a bar without a number"
    assert "<title>1: 5</title>" in svg


def test_nothing_at_all_is_no_chart_and_no_number_is_no_division() -> None:
    assert draw_bars(bars()) == ""
    assert heights(draw_bars(bars(0, 0))) == [0, 0]


def test_of_many_bars_some_are_named_and_none_lie_over_each_other() -> None:
    svg = draw_bars(bars(*range(31)))
    assert svg.count('class="c-axis"') <= 13
    assert 'class="c-value"' not in svg
