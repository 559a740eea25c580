# SPDX-License-Identifier: Apache-2.0
"""What goes along, as a form says it: sent, kept while it was typed, or from before."""

import pytest

from wardkeep.care.going_along import ticked_in


@pytest.mark.parametrize(
    ("values", "ticked"),
    [
        # Sent: what is unticked is not in it
        ({"along": "yes", "goes-pulse": "yes"}, ("pulse",)),
        ({"along": "yes"}, ()),
        # Kept while it was typed: each line, and no hidden field
        ({"goes-pulse": "yes", "goes-ears": ""}, ("pulse",)),
        ({"goes-pulse": "", "goes-ears": ""}, ()),
        # Kept by a button, without a script
        ({"summary": "Pulse fast", "along": "yes"}, ()),
        # No list was shown yet
        ({"summary": "Pulse fast"}, None),
        ({}, None),
    ],
)
def test_what_was_unticked_stays_unticked(
    values: dict[str, str], ticked: tuple[str, ...] | None
) -> None:
    assert ticked_in(values) == ticked
