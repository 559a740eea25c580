# SPDX-License-Identifier: Apache-2.0
"""Sets of vital signs: what NEWS2 scores, gathered from single observations.

Observations taken at the same minute are one set. Codes are LOINC's, as the FHIR
vital-signs profile names them (https://hl7.org/fhir/R4/observation-vitalsigns.html).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from wardkeep.care import reading
from wardkeep.ui.format import read_moment

_RESPIRATION, _PULSE, _TEMPERATURE = "9279-1", "8867-4", "8310-5"
_SYSTOLIC, _FLOW, _FRACTION = "8480-6", "3151-8", "3150-6"
_SATURATION = ("59408-5", "2708-6")
_CONSCIOUSNESS = ("67775-7", "80288-4")
_ALERT, _ALERT_CODES = "Alert", ("248234008", "LA9340-6")
"""SNOMED CT's and LOINC's, which others show in other words: "Mentally alert"."""
_ROOM_AIR_PER_CENT = Decimal(21)
SYSTEM = "urn:wardkeep:observation"
NEWS2_CODE, SCALE_CODE = "news2", "spo2-scale"
"""What holds a set together, and by which scale its saturation was scored."""


class VitalSet(msgspec.Struct, kw_only=True):
    """One set; what was not measured is None."""

    when: str
    respiration_rate: Decimal | None = None
    oxygen_saturation: Decimal | None = None
    is_on_oxygen: bool | None = None
    systolic: Decimal | None = None
    pulse: Decimal | None = None
    consciousness: str | None = None
    temperature: Decimal | None = None
    is_scale_2: bool | None = None
    """By which SpO2 scale it was scored; None: nobody said."""

    @property
    def measured(self) -> int:
        """How many of the seven were measured."""
        fields = self.__struct_fields__[1:-1]
        return sum(getattr(self, field) is not None for field in fields)


_FEWEST = 2
"""One lone pulse from a clinic is no set of observations."""


def vital_sets(observations: Iterable[reading.Observation]) -> tuple[VitalSet, ...]:
    """Every set, the oldest first."""
    sets: dict[datetime, VitalSet] = {}
    for observation in observations:
        moment = read_moment(observation.when)
        if moment is None:
            continue
        # In UTC: an offset makes 10:00 of summer the same as 09:00 of the meridian.
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        found = sets.get(minute) or VitalSet(when=observation.when)
        if _take(found, observation):
            sets[minute] = found
    return tuple(
        sets[minute] for minute in sorted(sets) if sets[minute].measured >= _FEWEST
    )


def _take(into: VitalSet, observation: reading.Observation) -> bool:
    """Put an observation, or its components, where they belong."""
    if observation.code.has_code(NEWS2_CODE):
        scales = [one for one in observation.component if one.code.has_code(SCALE_CODE)]
        into.is_scale_2 = scales[0].value_integer == 2 if scales else None  # noqa: PLR2004 - the scale's number
        return bool(scales)
    if observation.code.has_code(_FLOW) and observation.value_codeable_concept.words:
        into.is_on_oxygen = True
        return True
    parts = [(observation.code, observation.value_quantity.value)]
    parts += [(part.code, part.value_quantity.value) for part in observation.component]
    took = [_take_number(into, code, value) for code, value in parts]
    if observation.code.has_code(*_CONSCIOUSNESS):
        value = observation.value_codeable_concept
        into.consciousness = _ALERT if value.has_code(*_ALERT_CODES) else value.words
        into.consciousness = into.consciousness or None
        return into.consciousness is not None
    return any(took)


_FIELD_OF = {
    _RESPIRATION: "respiration_rate",
    _SYSTOLIC: "systolic",
    _PULSE: "pulse",
    _TEMPERATURE: "temperature",
    **dict.fromkeys(_SATURATION, "oxygen_saturation"),
}
_OXYGEN_ABOVE = {_FLOW: Decimal(0), _FRACTION: _ROOM_AIR_PER_CENT}


def _take_number(into: VitalSet, code: reading.Concept, value: Decimal | None) -> bool:
    if value is None:
        return False
    for coding in code.coding:
        if coding.code in _FIELD_OF:
            setattr(into, _FIELD_OF[coding.code], value)
            return True
        if coding.code in _OXYGEN_ABOVE:
            into.is_on_oxygen = value > _OXYGEN_ABOVE[coding.code]
            return True
    return False
