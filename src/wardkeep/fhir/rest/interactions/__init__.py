# SPDX-License-Identifier: Apache-2.0
"""The interactions of the API, one a file, each with its scope; found by themselves."""
