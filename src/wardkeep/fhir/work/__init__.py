# SPDX-License-Identifier: Apache-2.0
"""Work: what a written resource says of who may expect which patient, and when."""
