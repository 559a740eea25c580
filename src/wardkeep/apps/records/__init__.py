# SPDX-License-Identifier: Apache-2.0
"""Records: find a patient, say why, open the record, see who else did."""
