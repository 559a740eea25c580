# SPDX-License-Identifier: Apache-2.0
"""Telling two kinds of records apart: features anybody sees, and two classifiers.

A decision stump on each feature (its area under the curve is what the best threshold
rests on), and a logistic regression on all of them, held against records it never saw.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Features = dict[str, float]


def features_of(resources: Sequence[Mapping[str, Any]], sizes: int) -> Features:
    """Of one patient's resources, as the API gives them; `sizes` in bytes, sealed."""
    patient = next(one for one in resources if one["resourceType"] == "Patient")
    found = _of_identity(patient) | _of_times(resources)
    counts = Counter(one["resourceType"] for one in resources)
    found |= {f"number of {type_}": float(n) for type_, n in counts.items()}
    found |= {f"has {name}": 1.0 for name in patient}
    found["resources"] = float(len(resources))
    found["bytes sealed"] = float(sizes)
    found["ids begin"] = sum(int(one["id"][0], 16) for one in resources) / len(
        resources
    )
    return found


def _of_identity(patient: Mapping[str, Any]) -> Features:
    id_ = patient["id"]
    number, local = (one["value"] for one in patient["identifier"])
    name, born = patient["name"][0], patient.get("birthDate", "1970-01-01")
    return {
        "id": float(int(id_[:8], 16)),
        "id, last digit": float(int(id_[-1], 16)),
        "id, version": float(int(id_[14], 16)),
        "id, variant": float(int(id_[19], 16)),
        "id, length": float(len(id_)),
        "NHS number": float(number),
        "NHS number, last digit": float(number[-1]),
        "NHS number, sum of digits": float(sum(map(int, number))),
        "local number": float(local[2:]),
        "local number, last digit": float(local[-1]),
        "born, year": float(born[:4]),
        "born, month": float(born[5:7] or 0),
        "born, day": float(born[8:10] or 0),
        "family, length": float(len(name["family"])),
        "family, first letter": float(ord(name["family"][0])),
        "family has a hyphen": float("-" in name["family"]),
        "given names": float(len(name.get("given", ()))),
        "names": float(len(patient["name"])),
        "is a woman": float(patient["gender"] == "female"),
        "telecoms": float(len(patient["telecom"])),
        "telephone line": float(patient["telecom"][0]["value"][-3:]),
        "house": float((_line(patient).split() or ["0"])[0]),
    }


def _line(patient: Mapping[str, Any]) -> str:
    text: str = patient["address"][0].get("line", ["0"])[0]
    return text if text[:1].isdigit() else "0"


def _of_times(resources: Sequence[Mapping[str, Any]]) -> Features:
    updated = [_seconds(one["meta"]["lastUpdated"]) for one in resources]
    clinical = [_seconds(found) for one in resources if (found := _day_of(one))]
    return {
        "last updated": max(updated),
        "updated first": min(updated),
        "updated, spread": max(updated) - min(updated),
        "updated, part of the second": max(updated) % 1,
        "versions": float(max(int(one["meta"]["versionId"]) for one in resources)),
        "parts of meta": float(max(len(one["meta"]) for one in resources)),
        "first day": min(clinical, default=0.0),
        "last day": max(clinical, default=0.0),
        "days between": max(clinical, default=0.0) - min(clinical, default=0.0),
    }


def _day_of(resource: Mapping[str, Any]) -> str:
    period = resource.get("period", {})
    names = ("effectiveDateTime", "recordedDate", "onsetDateTime", "authoredOn", "date")
    found = next((resource[one] for one in names if one in resource), "")
    return str(found or period.get("start", ""))


def _seconds(text: str) -> float:
    padded = text if len(text) > 7 else f"{text}-01-01"[:10]
    return datetime.fromisoformat(padded).timestamp()


def auc(ones: Sequence[float], others: Sequence[float]) -> float:
    """How often one of the ones has more than one of the others; ties count half."""
    ranked = sorted([(value, 1) for value in ones] + [(value, 0) for value in others])
    total, place = 0.0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        shared = (place + end - 1) / 2 + 1
        total += shared * sum(is_one for _, is_one in ranked[place:end])
        place = end
    n = len(ones)
    return (total - n * (n + 1) / 2) / (n * len(others))


def scatter(ones: int, others: int) -> float:
    """Standard deviation of the area under the curve where there is no difference."""
    return math.sqrt((ones + others + 1) / (12 * ones * others))


def stumps(ones: Sequence[Features], others: Sequence[Features]) -> dict[str, float]:
    """The area under the curve of each feature, by its name."""
    names = sorted({name for one in (*ones, *others) for name in one})
    return {
        name: auc([o.get(name, 0.0) for o in ones], [o.get(name, 0.0) for o in others])
        for name in names
    }


def regression(ones: Sequence[Features], others: Sequence[Features]) -> float:
    """The area under the curve of a logistic regression, over four folds unseen."""
    rows = [(one, 1) for one in ones] + [(one, 0) for one in others]
    table, marks = _standard([one for one, _ in rows]), [mark for _, mark in rows]
    scores: list[float] = [0.0] * len(rows)
    for fold in range(4):
        known = [n for n in range(len(rows)) if n % 4 != fold]
        weights = _fit([table[n] for n in known], [marks[n] for n in known])
        for n in range(fold, len(rows), 4):
            scores[n] = _dot(weights, table[n])
    split = len(ones)
    return auc(scores[:split], scores[split:])


def _standard(rows: Sequence[Features]) -> list[list[float]]:
    """Each feature around 0, with a spread of 1; and a 1 for the constant."""
    names = sorted({name for one in rows for name in one})
    columns = []
    for name in names:
        values = [one.get(name, 0.0) for one in rows]
        mean = sum(values) / len(values)
        spread = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) or 1.0
        columns.append([(v - mean) / spread for v in values])
    return [[1.0, *values] for values in zip(*columns, strict=True)]


def _fit(rows: Sequence[Sequence[float]], marks: Sequence[int]) -> list[float]:
    """Weights by gradient descent, drawn a little towards 0; the kinds weigh alike."""
    weights = [0.0] * len(rows[0])
    share = sum(marks) / len(marks)
    for _ in range(60):
        slope = [0.02 * weight for weight in weights]
        for row, mark in zip(rows, marks, strict=True):
            weight = 0.5 / share if mark else 0.5 / (1 - share)
            bounded = max(-30.0, min(30.0, _dot(weights, row)))
            wrong = weight * (1 / (1 + math.exp(-bounded)) - mark) / len(rows)
            slope = [s + wrong * value for s, value in zip(slope, row, strict=True)]
        weights = [w - 0.5 * s for w, s in zip(weights, slope, strict=True)]
    return weights


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))
