# SPDX-License-Identifier: Apache-2.0
"""The patient banner: who this is, on every page of a record.

After the NHS common user interface guidance for patient banners: FAMILY, Given (Title);
born, gender and NHS number in fixed places; allergies in the second zone; what is not
known is said in words.
"""

import msgspec


class BannerName(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a name; any may be empty."""

    family: str
    given: str
    title: str


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """What the banner shows."""

    name: BannerName
    born: str
    age: str
    died: str
    gender: str
    nhs_number: str
    address: str
    telephone: str
    allergies: tuple[str, ...]
    is_free_of_known_allergies: bool
    alerts: tuple[str, ...]


def name_for_banner(name: BannerName) -> str:
    """FAMILY, Given (Title)."""
    family = name.family.upper() or "NAME NOT RECORDED"
    given = f", {name.given}" if name.given else ""
    title = f" ({name.title})" if name.title else ""
    return f"{family}{given}{title}"
