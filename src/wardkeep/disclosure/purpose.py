# SPDX-License-Identifier: Apache-2.0
"""Why records are opened, how far an opening reaches, and what it does there."""

import enum


class Purpose(enum.StrEnum):
    """The purposes for which patient data may leave the store.

    Each maps to one v3-PurposeOfUse code (HL7) in an AuditEvent.
    """

    DIRECT_CARE = "direct-care"
    ADMINISTRATION = "administration"
    SAFEGUARDING = "safeguarding"
    PATIENT_REQUEST = "patient-request"
    AUDIT = "audit"
    IMPORT = "import"
    SUPPORT = "support"
    """By the operator's people, as an organisation granted it."""
    NATIONAL_RETURN = "national-return"
    """A data set that the organisation has to send, as two of its people agreed."""

    __hash__ = str.__hash__
    # Which is that of the word it equals; an enumeration's own is worked out in Python.


class Tier(enum.IntEnum):
    """How sensitive a part of a record is; each tier of a patient has a key of its own.

    The number is what the database holds; it never changes its meaning.
    """

    SHARED = 0
    """The organisation's own: places, practitioners, questionnaires. No patient."""
    BANNER = 1
    """What a list shows: name, birth date, NHS number, location."""
    RECORD = 2
    """Everything clinical."""
    SEALED = 3
    """Ways into a home, protected addresses, restricted notes."""

    @property
    def word(self) -> str:
        return _TIER_WORDS[self]


_TIER_WORDS = tuple([tier.name.lower() for tier in Tier])


class Action(enum.StrEnum):
    """What is done with what is opened."""

    FIND = "find"
    """The rows of a list or search: the banner tier of a few patients."""
    SEARCH = "search"
    """One page of a program's search, whoever's resources it has."""
    READ = "read"
    """One patient's record on a page or in an answer."""
    WRITE = "write"
    """A new version; the writer holds the key, so it counts as an opening."""
    DELETE = "delete"
    """A deletion: what there was stays in history, and no key leaves."""
    HISTORY = "history"
    """Who opened this record: no key leaves, but the looking is traced."""
    PRINT = "print"
    """One patient's record, or a part of it, laid out for paper."""
    COPY = "copy"
    """One patient's record as files, for whoever is entitled to them."""
    LETTERS = "letters"
    """Names and addresses of those whom an incident reached, once two approved it."""
    EXTRACT = "extract"
    """What a national data set takes of many patients: by the operator's command."""
    CARRY = "carry"
    """What a car's list says of one patient, sealed and at rest on a phone."""
    SEND = "send"
    """What goes to another service by message, of one patient who is referred."""

    __hash__ = str.__hash__
    # As above.


# The door compares with these some twenty-five times an opening; and what is looked for
# in an enumeration's class is looked for in Python's own, slow way: 850 instructions.
SHARED, BANNER, SEALED = Tier.SHARED, Tier.BANNER, Tier.SEALED
FIND, SEARCH, READ = Action.FIND, Action.SEARCH, Action.READ
WRITE, DELETE, COPY = Action.WRITE, Action.DELETE, Action.COPY
LETTERS, EXTRACT, CARRY = Action.LETTERS, Action.EXTRACT, Action.CARRY
SEND, HISTORY = Action.SEND, Action.HISTORY

TAKEN_OUT = frozenset({Action.PRINT, Action.COPY})
"""What goes on where nobody can close it: it weighs more than an opening."""
COUNTED_OUT = TAKEN_OUT | {CARRY, SEND}
"""What is counted beside openings, whether the work explains it or not."""
