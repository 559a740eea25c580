# SPDX-License-Identifier: Apache-2.0
"""Units of UCUM (https://ucum.org/ucum): which are alike, and how to convert."""
