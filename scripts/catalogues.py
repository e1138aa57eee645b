#!/usr/bin/env python3
"""Brings the catalogues of our own texts up to date: of browser, server and class page, and those of our labs' checks.

    scripts/catalogues.py            what is new is added, untranslated; what is gone goes
    scripts/catalogues.py --check    writes nothing; an error if a text is missing, or has no translation

No list of texts is kept anywhere: scripts/strings.mjs finds the browser's in the TypeScript, scripts/class_texts.py the
class page's in its templates and views, and ``parallab.author.extraction`` the server's in the Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "server" / "parallab"

from class_texts import class_texts  # noqa: E402

from parallab import languages  # noqa: E402
from parallab.author.catalogue import Entry, Wanted, entries, faults, po  # noqa: E402
from parallab.author.extraction import texts  # noqa: E402
from parallab.author.translating import checks  # noqa: E402

#: Modules whose sentences reach a learner, or whoever teaches, in the browser; folders with all that is in them.
TOLD = (
    *("checks", "catalogue.py", "judging.py", "evidence.py", "story", "answers.py", "shelf.py"),
    *("live.py", "waiting.py", "waits", "rescue.py", "acts.py", "kernels.py", "lab.py", "shm_watch.py"),
    *("desk.py", "machine.py", "judged.py", "handlers.py", "problems.py", "workplace.py"),
    *("classroom.py", "capabilities.py"),
    *("leftovers.py", "cleaning.py", "doubts.py", "store.py", "recorder.py", "film", "library.py", "ipc/called.py"),
    *(
        "hub/forms.py",
        "hub/service.py",
        "hub/intake.py",
        "hub/keeping.py",
        "hub/recheck.py",
        "hub/roster.py",
        "hub/replay.py",
        "hub/security.py",
    ),
    *("hub/lti.py", "hub/checked.py", "submission.py", "grading/runner.py", "grading/sandbox.py"),
    *(
        "grading/hand.py",
        "grading/worker.py",
        "grading/intake.py",
        "grading/kernel.py",
        "grading/guard.py",
        "own_kernel.py",
    ),
)


def browser() -> Iterator[Wanted]:
    """What the front end has translated."""
    found = subprocess.run(["node", "scripts/strings.mjs"], cwd=HERE, stdout=subprocess.PIPE, text=True, check=True)
    for one in json.loads(found.stdout):
        files = tuple(dict.fromkeys(at.split(":")[0] for at in one["at"]))
        yield Wanted(one["id"], one["plural"] or "", one["context"] or "", files)


def server() -> Iterator[Wanted]:
    """What the server tells a learner."""
    for name in TOLD:
        path = PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for found in texts(file.read_text(encoding="utf-8")):
                yield Wanted(found.text, files=(str(file.relative_to(HERE)),))


def catalogues() -> Iterator[tuple[Path, str, tuple[Entry, ...]]]:
    """Every catalogue: its file, its text as it should be, and its entries."""
    for language, folder in languages.places().items():
        locale = folder.parent.name
        for name, wanted, title in (
            ("parallab.po", tuple(browser()), "Parallab in the browser"),
            (languages.SERVER, tuple(server()), "What Parallab's server says"),
            (languages.CLASS, tuple(class_texts(PACKAGE)), "Parallab's class page"),
        ):
            found = entries(folder / name, wanted, locale)
            yield folder / name, po(found, locale, title), found
        for lab in sorted((HERE / "labs").glob(f"*/lab.{language}.md")):
            yield checks(lab.parent, language)


def main() -> int:
    """0: all is up to date and translated."""
    check = "--check" in sys.argv[1:]
    wrong = 0
    for path, text, found in catalogues():
        shown = path.relative_to(HERE)
        if check and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            print(f"{shown} is not up to date: run scripts/catalogues.py", file=sys.stderr)
            wrong += 1
        elif not check:
            path.write_text(text, encoding="utf-8")
        for wanted, what in faults(found):
            print(f"{shown}: {wanted.text!r} {what}", file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
