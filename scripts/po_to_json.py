#!/usr/bin/env python3
"""Makes ``parallab.json``, which JupyterLab reads, of the browser's catalogues ``locale/*/LC_MESSAGES/parallab.po``.

The build runs it (hatch_build.py), and `make setup` when a catalogue has changed. Needs Babel, and nothing of Parallab.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

HERE = Path(__file__).resolve().parent.parent


def messages(po: Path) -> dict[str, Any]:
    """The catalogue as Jed's JSON: texts by context and text, and what JupyterLab wants to know of the language."""
    with po.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    version = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["version"]
    found: dict[str, Any] = {
        "": {
            "domain": "parallab",
            # As a tag of BCP 47: as "de_DE" JupyterLab would not find it.
            "language": po.parents[1].name.replace("_", "-"),
            "plural_forms": catalogue.plural_forms,
            "version": version,
        }
    }
    for message in catalogue:
        text = message.id if isinstance(message.id, str) else message.id[0]
        told = [message.string] if isinstance(message.string, str) else list(message.string)
        if text and all(told) and not message.fuzzy:
            found[f"{message.context}\u0004{text}" if message.context else text] = told
    return found


def main() -> None:
    """Writes them all."""
    for po in sorted((HERE / "server" / "parallab" / "locale").glob("*/LC_MESSAGES/parallab.po")):
        po.with_suffix(".json").write_text(json.dumps(messages(po), ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
