# SPDX-License-Identifier: Apache-2.0
"""A program opens no more different patients in an hour than its contract says.

A stolen key of one program was enough for everything in many incidents (MOVEit 2023);
the contract is what its work needs, so the rest stays shut.
"""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "contract-spent"
_REFUSED = Refused(
    code=CODE,
    why="This program has opened as many patients' records as its contract allows"
    " in an hour.",
    mend="Ask again later, or have its contract changed.",
)
EXPLAINS = (
    Explained(
        code="contract-spent",
        because="The program had opened as many different patients within the"
        " hour as its contract allows.",
        would_allow="Waiting, or a contract with a higher number.",
    ),
)


def contract_holds(opening: Opening) -> Refused | None:
    left = opening.contract_left
    return _REFUSED if left is not None and left < 0 else None
