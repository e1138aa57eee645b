"""What the browser loads: the front end built for release, compressed.

Budgets: 60 KiB with the page, 150 KiB in all. Needs ``extension/lib``, which ``make setup`` makes.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import Row, limit, table

HERE = Path(__file__).parents[2]
STATIC = Path("server/parallab/labextension/static")


def built(folder: Path) -> Path:
    """A release build in a folder of its own: that of the working copy is made for development."""
    for name in ("package.json", "pyproject.toml"):
        shutil.copy(HERE / name, folder)
    shutil.copytree(HERE / "extension", folder / "extension")
    (folder / "node_modules").symlink_to((HERE / "node_modules").resolve())
    (folder / STATIC).parent.parent.mkdir(parents=True)
    builder = Path(sys.executable).with_name("jupyter-builder")
    subprocess.run([builder, "build", "."], cwd=folder, check=True, capture_output=True)
    return folder / STATIC


def first(static: Path) -> set[Path]:
    """The entry, and the chunks that it says belong to the plugins and the style; others are loaded when needed."""
    (entry,) = static.glob("remoteEntry.*.js")
    exposed = re.search(r'"\./extension".*?"\./style".*?\}', entry.read_text(), re.DOTALL)
    assert exposed is not None, "the entry does not name what it exposes"
    chunks = re.findall(r"\.e\((\d+)\)", exposed[0])
    return {entry, *(path for chunk in chunks for path in static.glob(f"{chunk}.*.js"))}


def compressed(files: set[Path]) -> float:
    """Bytes, as a server sends them."""
    return float(sum(len(gzip.compress(path.read_bytes(), 6)) for path in files))


def kibibytes(size: float) -> str:
    """For people."""
    return f"{size / 1024:.1f} KiB"


def rows() -> Iterator[Row]:
    """Both."""
    if not (HERE / "extension" / "lib").is_dir():
        print("left out: the front end is not built; run `make setup`", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        static = built(Path(folder))
        every = set(static.glob("*.js"))
        yield limit("front end, gzip, first load", [compressed(first(static))], 60 * 1024, kibibytes)
        yield limit("front end, gzip, all", [compressed(every)], 150 * 1024, kibibytes)


if __name__ == "__main__":
    print(table(rows()))
