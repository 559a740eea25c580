# SPDX-License-Identifier: Apache-2.0
"""Takes the compiled style sheet of nhsuk-frontend (MIT) and makes it ours.

Removes the font (its licence forbids shipping it), every address of another server and
the blue; writes it with the MIT notice. Needs npm. Run: python tools/vendor_ui.py
"""

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "nhsuk-frontend", "10.6.1"
TARGET = Path(__file__).parents[1] / "src/wardkeep/ui/static/vendor"
FONTS = 'Arial,Helvetica,"Liberation Sans",sans-serif'
OUR_COLOURS = {
    "#005eb8": "#00615c",
    "#002f5c": "#00302e",
    "#004b93": "#004d49",
    "#c7dcef": "#cce3e1",
    "#337ec6": "#33817d",
    "#0055a6": "#00544f",
    "#003d78": "#003d3a",
    "#d9e7f4": "#dceceb",
    "#003087": "#1d2b36",
    "#ccdff1": "#cce3e1",
    "#004281": "#00433f",
    "#007f3b": "#00706b",
    "#00662f": "#005c57",
    "#00401e": "#003d3a",
    "#004c23": "#00433f",
}
NOTICE = """nhsuk-frontend, compiled style sheet, changed by tools/vendor_ui.py:
fonts, images, addresses and colours replaced.

MIT License

Copyright (c) Crown Copyright (NHS England)

Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software
without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies
or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A
PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def ours(css: str) -> str:
    """The style sheet without fonts, foreign addresses and blue."""
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = re.sub(
        r"Frutiger W01,\s*arial,\s*sans-serif", FONTS, css, flags=re.IGNORECASE
    )
    css = re.sub(r"url\(/assets/[^)]*\)", "none", css)
    for theirs, mine in OUR_COLOURS.items():
        css = css.replace(theirs, mine)
    left = re.findall(r"https?://(?!www\.w3\.org)[^\s\"')]+|Frutiger", css)
    if left:
        message = f"the style sheet still names {left[:3]}"
        raise ValueError(message)
    return "/*! nhsuk-frontend, MIT, changed: see NOTICE.txt */\n" + css


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603 - npm by name, a fixed package
            ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"],  # noqa: S607 - found on PATH
            cwd=folder,
            check=True,
        )
        with tarfile.open(Path(folder) / f"{PACKAGE}-{VERSION}.tgz") as archive:
            member = archive.extractfile("package/dist/nhsuk/nhsuk-frontend.min.css")
            if member is None:
                raise FileNotFoundError(PACKAGE)
            css = member.read().decode()
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "nhsuk.css").write_text(ours(css), encoding="utf-8")
    (TARGET / "NOTICE.txt").write_text(NOTICE, encoding="utf-8")
    print(f"Wrote {TARGET / 'nhsuk.css'}")


if __name__ == "__main__":
    main()
