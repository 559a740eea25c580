# SPDX-License-Identifier: Apache-2.0
"""What an organisation has of one content: what is in use, which rules were held."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.held import Held, held_id, marks_in
from wardkeep.fhir.triage.in_use import TYPE, InUse, in_use, library_id
from wardkeep.fhir.triage.library import shipped_content


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Of the content that stands under a name."""

    name: str
    use: InUse | None = None
    """None where it was never taken into use."""
    use_version: int = 0
    """Of the Library that says so, as it is stored, though it says nothing of ours."""
    marks: Mapping[str, Held] = {}
    """By the rule's digest."""
    marks_version: int = 0
    """Of the Library with the marks, as it is stored."""

    @property
    def is_on(self) -> bool:
        return self.use is not None and self.use.is_on

    @property
    def content(self) -> Content:
        """What is in use, else what was shipped."""
        if self.use is not None and self.use.is_on:
            return self.use.content
        return shipped_content(self.name)


async def standing(reader: Reader, name: str, *, opener: Opener) -> Standing | Refusal:
    """Of one content."""
    found = await standings(reader, (name,), opener=opener)
    return found if isinstance(found, Refusal) else found[name]


async def standings(
    reader: Reader, names: Sequence[str], *, opener: Opener
) -> dict[str, Standing] | Refusal:
    """By name, read in one go; it belongs to no patient."""
    of_use = {library_id(name): name for name in names}
    of_marks = {held_id(name): name for name in names}
    wanted = [(TYPE, id_) for id_ in (*of_use, *of_marks)]
    opened = await reader.shared(wanted, opener=opener)
    if isinstance(opened, Refusal):
        return opened
    found = {name: Standing(name=name) for name in names}
    for one in opened.resources:
        if one.id in of_marks:
            name, marks = of_marks[one.id], marks_in(one.text)
            more: dict[str, Any] = {"marks": marks, "marks_version": one.version}
        else:
            name, use = of_use[one.id], in_use(one.text, one.version)
            more = {"use": use, "use_version": one.version}
        found[name] = msgspec.structs.replace(found[name], **more)
    return found
