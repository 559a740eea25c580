# SPDX-License-Identifier: Apache-2.0
"""A call as a visitor without scripts answers it, over HTTP."""

import re
from typing import Any, NamedTuple
from urllib.parse import urlencode

from support.program import Program
from support.served import Visitor
from wardkeep.base.ids import new_uuid

Json = dict[str, Any]
CALL = re.compile(r"/patients/([^/]+)/calls/([^/\"]+)")
SEE_OTHER = 303


class Answered(NamedTuple):
    """A call: whom it is about, and its case."""

    patient: str
    case: str

    @property
    def path(self) -> str:
        return f"/patients/{self.patient}/calls/{self.case}"


def send(visitor: Visitor, path: str, **fields: str) -> tuple[int, bytes, str]:
    """A form: the answer's status, its page, and where it leads."""
    body = urlencode({name.replace("_0", "-"): one for name, one in fields.items()})
    return visitor.send(path, body.encode())


def answer(visitor: Visitor, number: str, **more: str) -> Answered:
    """The call that is begun, with a number to ring back on."""
    form = {"which": new_uuid(), "number": number, "new": "yes"} | more
    status, page, to = send(visitor, "/calls", **form)
    found = CALL.match(to)
    assert status == SEE_OTHER, page[:2000]
    assert found is not None, to
    return Answered(found[1], found[2])


def details(visitor: Visitor, call: Answered) -> dict[str, str]:
    """The hidden fields of the form, as a browser sends them."""
    page = visitor.get(f"{call.path}/details").decode()
    return dict(
        re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"', page)
    )


def identify(
    visitor: Visitor, call: Answered, patient: str, **typed: str
) -> tuple[int, bytes, str]:
    form = details(visitor, call) | typed | {"chosen": patient}
    return send(visitor, f"{call.path}/identify", **form)


def cases(program: Program, patient: str) -> list[Json]:
    """Somebody's calls that are no mistakes."""
    found = program.search("Encounter", ("patient", patient)).resources
    return [
        one
        for one in found
        if one["status"] != "entered-in-error"
        and one.get("class", {}).get("code") == "VR"
    ]
