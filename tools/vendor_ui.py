# SPDX-License-Identifier: Apache-2.0
"""Takes the compiled style sheet of nhsuk-frontend (MIT) and makes it ours.

Removes the font (its licence forbids shipping it), every address of another server,
the blue, and what no page of ours uses: three quarters of it, which browsers would read
on every page (docs/decisions/0050-pages.md). Writes it with the MIT notice. Run it
again when a page uses a class that the sheet lacks, as a test of the house says. Needs
npm.
Run: python tools/vendor_ui.py
"""

import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "nhsuk-frontend", "10.6.1"
PURGER = "purgecss@8.0.0"
ROOT = Path(__file__).parents[1]
TARGET = ROOT / "src/wardkeep/ui/static/vendor"
WRITTEN_IN = ("html", "py", "js")
"""Whatever a file below src says like a class is kept, with these besides, whose names
are put together: colours of tags, sizes of headings, widths of fields."""
PUT_TOGETHER = (
    "^nhsuk-(tag|heading|input--width|button|radios|checkboxes"
    "|u-visually|u-(margin|padding)-(top|bottom)-)"
)
HEAD = "/*! nhsuk-frontend, MIT, changed: see NOTICE.txt */\n"
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
fonts, images, addresses and colours replaced; what no page uses left out.

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
    return css


def used(css: str, folder: Path) -> str:
    """The rules of it that a page of ours may use."""
    whole = folder / "whole.css"
    whole.write_text(css, encoding="utf-8")
    settings = folder / "purgecss.config.cjs"
    content = [f"{ROOT}/src/wardkeep/**/*.{kind}" for kind in WRITTEN_IN]
    settings.write_text(
        f"module.exports = {{content: {json.dumps(content)}, css: ['{whole}'],"
        f" safelist: {{greedy: [/{PUT_TOGETHER}/]}},"
        " defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) || []};"
    )
    subprocess.run(  # noqa: S603 - npm's runner by name, a fixed package
        ["npx", "--yes", PURGER, "--config", settings, "--output", folder / "out"],  # noqa: S607 - found on PATH
        cwd=folder,
        check=True,
    )
    return (folder / "out" / whole.name).read_text(encoding="utf-8")


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
            css = ours(member.read().decode())
        css = used(css, Path(folder))
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "nhsuk.css").write_text(HEAD + css, encoding="utf-8")
    (TARGET / "NOTICE.txt").write_text(NOTICE, encoding="utf-8")
    print(f"Wrote {TARGET / 'nhsuk.css'}")


if __name__ == "__main__":
    main()
