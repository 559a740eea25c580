# SPDX-License-Identifier: Apache-2.0
"""Factors: what proves an account, one file each.

Every one says whether it is phishing-resistant; the warden signs nobody in by one that
is not. tests/conformance/test_factors.py is passed by each.
"""

from wardkeep.identity.factor import Factor, FactorRefused

__all__ = ["Factor", "FactorRefused"]
