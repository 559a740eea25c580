# SPDX-License-Identifier: Apache-2.0
"""The kinds of entries that there are, by their name in addresses."""

from wardkeep.apps.records.entries import alert, allergy, medicine, problem

KINDS = {
    one.name: one
    for one in (
        problem.KIND,
        medicine.KIND,
        allergy.KIND,
        allergy.NONE_KNOWN,
        alert.KIND,
    )
}
