# SPDX-License-Identifier: Apache-2.0
"""Words as PostgreSQL keeps them: its text has every character but one.

https://www.postgresql.org/docs/current/datatype-character.html
"""

REPLACEMENT = "\ufffd"


def storable(words: str) -> str:
    """The same, without the NUL that would have the whole statement refused.

    For what is saved later, beside what others wait to have saved.
    """
    return words.replace("\0", REPLACEMENT)
