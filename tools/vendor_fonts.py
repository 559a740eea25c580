# SPDX-License-Identifier: Apache-2.0
"""Takes Noto Sans (OFL 1.1) for printed letters, and leaves the scripts we print.

A PDF that names a font without holding it looks different on every machine, and lacks
the letters of many names. Needs npm. Run: python tools/vendor_fonts.py
"""

import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset

PACKAGES = (
    "@expo-google-fonts/noto-sans@0.4.2",
    "@expo-google-fonts/noto-sans-math@0.4.2",
)
TARGET = Path(__file__).parents[1] / "src/wardkeep/ui/paper"
FACES = {
    "package/400Regular/NotoSans_400Regular.ttf": "NotoSans-Regular.ttf",
    "package/700Bold/NotoSans_700Bold.ttf": "NotoSans-Bold.ttf",
    "package/400Regular/NotoSansMath_400Regular.ttf": "NotoSansMath.ttf",
}
SCRIPTS = (
    *range(0x20, 0x250),  # Latin, with what Europe and Vietnam add to it
    *range(0x2B0, 0x370),  # modifiers and combining marks
    *range(0x370, 0x530),  # Greek and Cyrillic
    *range(0x1E00, 0x2000),  # more Latin and Greek
    *range(0x2010, 0x2070),  # dashes, quotes
    *range(0x2070, 0x20D0),  # raised figures, currencies
    *(0x2116, 0x2122, *range(0x2190, 0x219A), *range(0x2200, 0x2280), 0x2713),
)


def main() -> None:
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            _take(package, folder)


def _take(package: str, folder: str) -> None:
    subprocess.run(  # noqa: S603 - npm by name, a fixed package
        ["npm", "pack", package, "--silent"],  # noqa: S607 - found on PATH
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    [archive] = Path(folder).glob("*.tgz")
    with tarfile.open(archive) as files:
        for inside in FACES.keys() & set(files.getnames()):
            files.extract(inside, folder, filter="data")
            _write(Path(folder) / inside, TARGET / FACES[inside])


def _write(face: Path, target: Path) -> None:
    font = subset.load_font(str(face), subset.Options())
    options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp"])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=SCRIPTS)
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


if __name__ == "__main__":
    main()
