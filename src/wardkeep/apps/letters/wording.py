# SPDX-License-Identifier: Apache-2.0
"""What letters begin with, and how they leave. Our own words; a clinic changes them."""

SENT_BY = (
    ("post", "By post"),
    ("hand", "Handed over"),
    ("mail", "By secure e-mail"),
    ("other", "Another way"),
)
SKELETONS = {
    "contact": (
        "A contact",
        """# Why we met

# What we found

# What we agreed
-\x20

# What we ask of you
-\x20""",
    ),
    "discharge": (
        "Leaving our care",
        """# Why they were in our care

# What happened

# Medicines when they left, and what changed
-\x20

# What is still open, and who does it
-\x20

# When to ring us, and the number""",
    ),
    "appointment": (
        "About an appointment",
        """We would like to see you on

# Where to come

# What to bring
-\x20

If you cannot come, please ring us on""",
    ),
    "blank": ("An empty page", ""),
}
"""By name: what it is called, and the headings that it begins with."""
