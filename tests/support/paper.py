# SPDX-License-Identifier: Apache-2.0
"""What comes out of the printer: a page printed by the browser, read sheet by sheet."""

import asyncio
import shutil
import subprocess

from support.chromium import Device

MISSING = "pdftotext is not here. Install the Debian package poppler-utils."


async def sheets_of(own: Device) -> list[str]:
    """The words of each sheet that printing the page as it stands would give."""
    made = await own.page.pdf(prefer_css_page_size=True)
    return await asyncio.to_thread(_read, made)


def _read(made: bytes) -> list[str]:
    assert shutil.which("pdftotext"), MISSING
    told = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], check=True, capture_output=True, input=made
    ).stdout
    return told.decode().rstrip("\f").split("\f")
