# SPDX-License-Identifier: Apache-2.0
"""What demo people live with: at which age it begins and what is taken for it.

Codes are a handful of widely published SNOMED CT identifiers; SNOMED CT and dm+d
are licensed, so words are our own and medicines have no code at all.
"""

import msgspec

SNOMED = "http://snomed.info/sct"


class Medicine(msgspec.Struct, frozen=True):
    """A medicine and how it is taken, as a label would say it."""

    name: str
    dosage: str
    days: int | None = None
    """Length of a course; None where it goes on."""
    not_with: frozenset[str] = frozenset()
    """Keys of diagnoses beside which another choice is made."""
    is_penicillin: bool = False


class Diagnosis(msgspec.Struct, frozen=True):
    """A problem as the demo knows it."""

    key: str
    name: str
    ages: tuple[int, int]
    """The ages between which it begins."""
    per_100: int
    """Share of the people who have passed the first age."""
    snomed: str | None = None
    gender: str | None = None
    medicines: tuple[Medicine, ...] = ()
    clinic: str | None = None
    """The hospital clinic that follows it."""
    lasts_days: int | None = None
    """None where it stays for life."""
    monitored: bool = False
    """Blood is taken for it at reviews."""


_BISOPROLOL = Medicine(
    "Bisoprolol 2.5 mg tablets",
    "One tablet each morning",
    not_with=frozenset({"asthma"}),
)
_RAMIPRIL = Medicine("Ramipril 5 mg capsules", "One capsule each morning")
_SALBUTAMOL = Medicine(
    "Salbutamol 100 micrograms inhaler", "Two puffs when needed for breathlessness"
)
_ATORVASTATIN = Medicine("Atorvastatin 20 mg tablets", "One tablet at night")
_FOLIC_ACID = Medicine("Folic acid 400 microgram tablets", "One tablet each day")
_AMOXICILLIN = Medicine(
    "Amoxicillin 500 mg capsules",
    "One capsule three times a day for 5 days",
    days=5,
    is_penicillin=True,
)
PENICILLIN_SUBSTITUTE = Medicine(
    "Doxycycline 100 mg capsules",
    "Two capsules on the first day, then one each day for 4 days",
    days=5,
)
"""What people with a penicillin allergy are given instead."""

TYPE_1_DIABETES = Diagnosis(
    "diabetes-1",
    "Type 1 diabetes",
    ages=(8, 30),
    per_100=1,
    snomed="46635009",
    clinic="diabetes",
    monitored=True,
    medicines=(
        Medicine("Insulin glargine 100 units/ml pen", "18 units at bedtime"),
        Medicine("Insulin aspart 100 units/ml pen", "4 to 8 units with each meal"),
    ),
)
COPD = Diagnosis(
    "copd",
    "Chronic obstructive pulmonary disease",
    ages=(50, 75),
    per_100=9,
    snomed="13645005",
    clinic="chest",
    medicines=(
        Medicine(
            "Tiotropium 18 microgram inhalation capsules", "Inhale one each morning"
        ),
        _SALBUTAMOL,
    ),
)
HYPERCAPNIC_FAILURE = Diagnosis(
    "hypercapnic-failure",
    "Hypercapnic respiratory failure",
    ages=(60, 80),
    per_100=0,
    clinic="chest",
    medicines=(
        Medicine(
            "Oxygen by 24% Venturi mask",
            "When needed, to keep saturation between 88% and 92%",
        ),
    ),
)
PREGNANCY = Diagnosis(
    key="pregnancy",
    name="Pregnancy",
    snomed="77386006",
    ages=(18, 45),
    per_100=0,
    gender="female",
    medicines=(_FOLIC_ACID,),
    clinic="antenatal",
    lasts_days=280,
)

LASTING: tuple[Diagnosis, ...] = (
    TYPE_1_DIABETES,
    Diagnosis(
        "asthma",
        "Asthma",
        ages=(4, 40),
        per_100=11,
        snomed="195967001",
        clinic="chest",
        medicines=(
            _SALBUTAMOL,
            Medicine("Beclometasone 100 micrograms inhaler", "Two puffs twice a day"),
        ),
    ),
    Diagnosis(
        "eczema",
        "Eczema",
        ages=(0, 12),
        per_100=10,
        medicines=(Medicine("Emollient cream", "Apply freely several times a day"),),
    ),
    Diagnosis(
        "hay-fever",
        "Hay fever",
        ages=(6, 30),
        per_100=14,
        medicines=(
            Medicine(
                "Cetirizine 10 mg tablets", "One tablet a day in the pollen season"
            ),
        ),
    ),
    Diagnosis(
        "epilepsy",
        "Epilepsy",
        ages=(5, 50),
        per_100=2,
        snomed="84757009",
        clinic="memory",
        medicines=(Medicine("Levetiracetam 500 mg tablets", "One tablet twice a day"),),
    ),
    Diagnosis(
        "migraine",
        "Migraine",
        ages=(14, 40),
        per_100=9,
        snomed="37796009",
        medicines=(
            Medicine(
                "Sumatriptan 50 mg tablets",
                "One tablet at the start of an attack",
                not_with=frozenset({"angina", "stroke"}),
            ),
        ),
    ),
    Diagnosis(
        "depression",
        "Depression",
        ages=(18, 70),
        per_100=12,
        snomed="35489007",
        medicines=(Medicine("Sertraline 50 mg tablets", "One tablet each morning"),),
    ),
    Diagnosis(
        "thyroid",
        "Underactive thyroid",
        ages=(30, 70),
        per_100=7,
        snomed="40930008",
        monitored=True,
        medicines=(
            Medicine(
                "Levothyroxine 75 microgram tablets", "One tablet before breakfast"
            ),
        ),
    ),
    Diagnosis(
        "reflux",
        "Acid reflux",
        ages=(30, 75),
        per_100=12,
        medicines=(
            Medicine("Omeprazole 20 mg capsules", "One capsule before breakfast"),
        ),
    ),
    Diagnosis(
        "sclerosis",
        "Multiple sclerosis",
        ages=(25, 45),
        per_100=1,
        snomed="24700007",
        clinic="memory",
        medicines=(Medicine("Baclofen 10 mg tablets", "One tablet three times a day"),),
    ),
    Diagnosis(
        "rheumatoid",
        "Rheumatoid arthritis",
        ages=(35, 65),
        per_100=2,
        snomed="69896004",
        clinic="joints",
        monitored=True,
        medicines=(
            Medicine(
                "Methotrexate 2.5 mg tablets", "Four tablets once a week on a Monday"
            ),
            Medicine("Folic acid 5 mg tablets", "One tablet once a week on a Friday"),
        ),
    ),
    Diagnosis(
        "diabetes-2",
        "Type 2 diabetes",
        ages=(40, 75),
        per_100=16,
        snomed="44054006",
        clinic="diabetes",
        monitored=True,
        medicines=(
            Medicine("Metformin 500 mg tablets", "One tablet twice a day with food"),
        ),
    ),
    Diagnosis(
        "hypertension",
        "High blood pressure",
        ages=(40, 80),
        per_100=38,
        snomed="38341003",
        monitored=True,
        medicines=(Medicine("Amlodipine 5 mg tablets", "One tablet each morning"),),
    ),
    Diagnosis(
        "cholesterol",
        "Raised cholesterol",
        ages=(45, 75),
        per_100=24,
        snomed="55822004",
        monitored=True,
        medicines=(_ATORVASTATIN,),
    ),
    COPD,
    Diagnosis(
        "gout",
        "Gout",
        ages=(45, 80),
        per_100=5,
        snomed="90560007",
        gender="male",
        medicines=(Medicine("Allopurinol 100 mg tablets", "One tablet each day"),),
    ),
    Diagnosis(
        "angina",
        "Coronary heart disease",
        ages=(55, 80),
        per_100=9,
        snomed="53741008",
        clinic="heart",
        monitored=True,
        medicines=(
            Medicine(
                "Aspirin 75 mg tablets",
                "One tablet each morning",
                not_with=frozenset({"fibrillation"}),
            ),
            Medicine(
                "Glyceryl trinitrate 400 microgram spray", "One spray for chest pain"
            ),
            _ATORVASTATIN,
        ),
    ),
    Diagnosis(
        "arthritis",
        "Osteoarthritis",
        ages=(55, 85),
        per_100=26,
        snomed="396275006",
        clinic="joints",
        medicines=(
            Medicine(
                "Paracetamol 500 mg tablets", "Two tablets up to four times a day"
            ),
        ),
    ),
    Diagnosis(
        "kidney",
        "Chronic kidney disease stage 3",
        ages=(60, 82),
        per_100=13,
        snomed="433144002",
        clinic="diabetes",
        monitored=True,
        medicines=(_RAMIPRIL,),
    ),
    Diagnosis(
        "prostate",
        "Enlarged prostate",
        ages=(60, 85),
        per_100=18,
        gender="male",
        medicines=(
            Medicine(
                "Tamsulosin 400 microgram capsules", "One capsule after breakfast"
            ),
        ),
    ),
    Diagnosis(
        "stroke",
        "Stroke",
        ages=(60, 90),
        per_100=6,
        snomed="230690007",
        clinic="memory",
        medicines=(
            Medicine(
                "Clopidogrel 75 mg tablets",
                "One tablet each morning",
                not_with=frozenset({"fibrillation"}),
            ),
            _ATORVASTATIN,
        ),
    ),
    Diagnosis(
        "fibrillation",
        "Atrial fibrillation",
        ages=(65, 90),
        per_100=12,
        snomed="49436004",
        clinic="heart",
        monitored=True,
        medicines=(
            Medicine("Apixaban 5 mg tablets", "One tablet twice a day"),
            _BISOPROLOL,
        ),
    ),
    Diagnosis(
        "heart-failure",
        "Heart failure",
        ages=(65, 90),
        per_100=8,
        snomed="84114007",
        clinic="heart",
        monitored=True,
        medicines=(
            Medicine("Furosemide 40 mg tablets", "One tablet each morning"),
            _RAMIPRIL,
            _BISOPROLOL,
        ),
    ),
    Diagnosis(
        "parkinsons",
        "Parkinson's disease",
        ages=(65, 85),
        per_100=3,
        snomed="49049000",
        clinic="memory",
        medicines=(
            Medicine(
                "Co-careldopa 25 mg/100 mg tablets", "One tablet three times a day"
            ),
        ),
    ),
    Diagnosis(
        "osteoporosis",
        "Osteoporosis",
        ages=(65, 85),
        per_100=14,
        snomed="64859006",
        clinic="joints",
        gender="female",
        medicines=(
            Medicine(
                "Alendronic acid 70 mg tablets",
                "One tablet once a week, sitting upright",
                not_with=frozenset({"kidney"}),
            ),
            Medicine("Colecalciferol 800 unit tablets", "One tablet each day"),
        ),
    ),
    Diagnosis(
        "dementia",
        "Alzheimer's disease",
        ages=(74, 92),
        per_100=18,
        snomed="26929004",
        clinic="memory",
        medicines=(Medicine("Donepezil 10 mg tablets", "One tablet at night"),),
    ),
    Diagnosis("cataract", "Cataract", ages=(68, 90), per_100=20),
    Diagnosis("hearing", "Hearing loss", ages=(66, 90), per_100=28),
    Diagnosis("falls", "Repeated falls", ages=(76, 94), per_100=22),
)

PASSING: tuple[Diagnosis, ...] = (
    Diagnosis(
        "ear-infection", "Middle ear infection", ages=(1, 9), per_100=30, lasts_days=10
    ),
    Diagnosis("tonsillitis", "Tonsillitis", ages=(4, 30), per_100=16, lasts_days=9),
    Diagnosis("ankle", "Sprained ankle", ages=(10, 60), per_100=15, lasts_days=42),
    Diagnosis("wrist-fracture", "Broken wrist", ages=(8, 80), per_100=9, lasts_days=56),
    Diagnosis(
        "chest-infection",
        "Chest infection",
        ages=(20, 95),
        per_100=28,
        lasts_days=14,
        medicines=(_AMOXICILLIN,),
    ),
    Diagnosis(
        "urine-infection",
        "Urinary tract infection",
        ages=(18, 95),
        per_100=20,
        gender="female",
        lasts_days=10,
        medicines=(
            Medicine(
                "Nitrofurantoin 100 mg capsules",
                "One capsule twice a day for 3 days",
                days=3,
                not_with=frozenset({"kidney"}),
            ),
        ),
    ),
    Diagnosis(
        "anaemia",
        "Iron deficiency anaemia",
        ages=(16, 50),
        per_100=24,
        gender="female",
        lasts_days=150,
        monitored=True,
        medicines=(
            Medicine("Ferrous sulfate 200 mg tablets", "One tablet a day", days=90),
        ),
    ),
    Diagnosis("shingles", "Shingles", ages=(50, 90), per_100=8, lasts_days=30),
)

BY_KEY = {
    each.key: each for each in (*LASTING, *PASSING, HYPERCAPNIC_FAILURE, PREGNANCY)
}
