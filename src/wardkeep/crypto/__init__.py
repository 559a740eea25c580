# SPDX-License-Identifier: Apache-2.0
"""All cryptography of the house; the only importer of `cryptography`."""
