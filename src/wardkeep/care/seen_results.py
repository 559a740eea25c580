# SPDX-License-Identifier: Apache-2.0
"""The mark that a version of a report was looked at: named after it.

So it is there once, however often a button is pressed, and whether it is there can be
told without opening anything. A version that is written anew has none.
"""

from wardkeep.base.ids import derived_uuid


def seen_id(report: str, version: int) -> str:
    """The id of the ClinicalImpression which says that this version was looked at."""
    return derived_uuid("seen", "DiagnosticReport", report, version)
