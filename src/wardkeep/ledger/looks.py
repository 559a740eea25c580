# SPDX-License-Identifier: Apache-2.0
"""Looks at who opened what: a list of openings was read, and no key of a record left.

Such an entry names whom the lines were about. Where one person's own list was asked
for, or given as AuditEvents, something of theirs was seen: who opened their record,
when, why, and what kinds of things. The pages of an account, of refusals and of an
incident show records under a number or an id, without a name, because somebody looked
at an account: these are counted apart, and nobody is written to about them.
"""

from wardkeep.ledger.beginnings import app_in
from wardkeep.ledger.entry import Entry

LOOKED = "history"
_BY_NUMBER = ("account ", "refusals", "incident ")
"""How the warden begins the requests of those pages."""


def is_look(entry: Entry) -> bool:
    """Whether openings were looked at, and nothing that a key opens.

    Whoever is given a key is named at a tier; the warden's own looks have none. The
    door gives no key under this name, and gave some once.
    """
    return entry.action == LOOKED and not any(one.tier for one in entry.subjects)


def is_by_number(entry: Entry) -> bool:
    """Whether it is a look at a page that puts a number in the place of a person.

    What follows `history` may be the web process's own words: these give AuditEvents,
    which the entry names as resources, and so they hide nobody.
    """
    if not is_look(entry) or entry.resource_count:
        return False
    request = entry.request
    if app_in(request):
        request = request.partition(": ")[2]
    return request.startswith(_BY_NUMBER)
