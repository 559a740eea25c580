# SPDX-License-Identifier: Apache-2.0
"""Within what this organisation takes the next step of a case, for every page of it."""

import msgspec

from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent.times import ID, SHIPPED, TYPE, Setting, Times, setting_in
from wardkeep.web.visit import Visit


class Set(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the record."""

    setting: Setting | None
    """None: nobody set any, and what is shipped holds."""
    version: int
    """0: nothing is stored."""

    @property
    def times(self) -> Times:
        return self.setting.times if self.setting else SHIPPED


async def setting_now(visit: Visit) -> Set:
    """It belongs to no patient; where it cannot be read, what is shipped holds."""
    found = await visit.services[Reader].shared([(TYPE, ID)], opener=opener_of(visit))
    if isinstance(found, Refusal) or not found.resources:
        return Set(setting=None, version=0)
    [one] = found.resources
    return Set(setting=setting_in(content_of(one.text)), version=one.version)
