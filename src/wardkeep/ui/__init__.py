# SPDX-License-Identifier: Apache-2.0
"""What people see: templates, macros, charts and the style sheet."""
