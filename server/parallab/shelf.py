"""Labs on disk: finds them, opens them, and keeps one broken lab from hiding the others.

Courses come through the entry point group ``parallab.labs``; each names a function that answers
the folder in which its labs lie. What is in a lab is read by ``lab_parse``; a lab that cannot be
read stays in the list with its ``problem``.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path

import msgspec

from parallab import checks_file, lab_parse, languages
from parallab.checks import Check
from parallab.lab import Cell, Lab, LabError, Step
from parallab.lab_parse import WrongAnswer
from parallab.phrases import Phrase, Tongue, chosen
from parallab.translated import captions, translated

GROUP = "parallab.labs"
#: Files of a lab's folder that are not data modules.
OWN_FILES = frozenset({"lab.md", "checks.py", "solution.md", "replay.json"})


#: A lab's text in another language, and that of its checks: ``lab.de.md``, ``checks.de.po``.
TRANSLATION = re.compile(r"(?:lab\.([a-z]{2})\.md|checks\.([a-z]{2})\.po)")


@dataclass(frozen=True)
class Translation:
    """A lab in another language: as it is shown, its words as they stand in the file, and what its checks say."""

    lab: Lab
    words: Lab
    tongue: Tongue


class Translations(Mapping[str, Translation]):
    """A lab's translations by language, as ``de``: read when first asked for, and left out if that cannot be."""

    def __init__(self, folder: Path, lab: Lab) -> None:
        self._folder = folder
        self._lab = lab
        self._read: dict[str, Translation | LabError] = {}

    def _one(self, language: str) -> Translation | LabError | None:
        if language not in self._read and language in self._languages():
            self._read[language] = _translation(self._folder, self._lab, language)
        return self._read.get(language)

    def _languages(self) -> list[str]:
        return sorted(path.suffixes[0].removeprefix(".") for path in self._folder.glob("lab.??.md"))

    def __getitem__(self, language: str) -> Translation:
        """Reads it.

        :raises KeyError: there is none that can be read.
        """
        found = self._one(language)
        if not isinstance(found, Translation):
            raise KeyError(language)
        return found

    def __iter__(self) -> Iterator[str]:
        """Reads all of them."""
        return (one for one in self._languages() if isinstance(self._one(one), Translation))

    def __len__(self) -> int:
        """Reads all of them."""
        return sum(1 for _ in self)

    def faults(self) -> tuple[LabError, ...]:
        """What is wrong with those that cannot be read: in their languages the lab is shown in English."""
        return tuple(found for one in self._languages() if isinstance(found := self._one(one), LabError))


@dataclass(frozen=True)
class ShelvedLab:
    """A lab with everything that its folder holds; with a ``problem``, only what could be read."""

    lab: Lab
    folder: Path
    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)
    solution: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    mistakes: tuple[WrongAnswer, ...] = ()
    files: tuple[Path, ...] = ()
    """Modules and data that the learner's code uses: they go into the learner's folder."""
    problem: LabError | None = None
    has_replay: bool = False
    translations: Mapping[str, Translation] = field(default_factory=dict)
    """By language, as ``de``."""

    @property
    def untranslated(self) -> tuple[LabError, ...]:
        """What is wrong with translations that cannot be read: the lab is shown in English."""
        return self.translations.faults() if isinstance(self.translations, Translations) else ()

    def translation(self, wanted: Sequence[str]) -> Translation | None:
        """The translation into the first wanted language that it is there in; None: English."""
        return self.translations.get(chosen(wanted, self.translations.__contains__))

    def speaking(self, wanted: Sequence[str]) -> ShelvedLab:
        """The lab with its texts in the first wanted language that they are there in."""
        found = self.translation(wanted)
        return self if found is None else _renamed(replace(self, lab=found.lab), self.lab.id)

    @property
    def slug(self) -> str:
        """The folder's name, which the learner's folder and notebook get too."""
        return self.folder.name


class Objective(msgspec.Struct, frozen=True):
    """What a learner can do after the course, in the course card's words."""

    id: str
    text: str
    labs: tuple[str, ...]


class CourseCard(msgspec.Struct, frozen=True):
    """What the course home shows of the course itself."""

    title: str
    number: str
    level: str
    hours: float
    about: str
    """Markdown."""
    objectives: tuple[Objective, ...]


# -- opening one lab ----------------------------------------------------------------------


def load(folder: Path, *, whole: bool = True) -> ShelvedLab:
    """The lab in this folder; what is wrong with it stands in ``problem`` and is never raised.

    Unless ``whole``, without the wrong answers: those are for the proof of a lab, and half of all that is read.
    """
    try:
        lab = _lab(folder)
    except LabError as problem:
        return ShelvedLab(_nameless(folder, problem), folder, problem=problem)
    shelved = ShelvedLab(lab, folder, files=_files(folder))
    try:
        checks = _checks(folder / "checks.py", lab)
        solution = _solution(folder, lab)
        mistakes = tuple(_mistakes(folder, lab)) if whole else ()
    except LabError as problem:
        return ShelvedLab(lab, folder, files=shelved.files, problem=problem)
    return ShelvedLab(
        lab,
        folder,
        checks,
        solution,
        mistakes,
        shelved.files,
        has_replay=(folder / "replay.json").is_file(),
        translations=Translations(folder, lab),
    )


def _translation(folder: Path, lab: Lab, language: str) -> Translation | LabError:
    path, catalogue = folder / f"lab.{language}.md", folder / f"checks.{language}.po"
    try:
        words = lab_parse.parse_lab(_read(path), _shown(path))
        phrases = languages.read(catalogue) if catalogue.is_file() else ()
    except LabError as error:
        return error
    except languages.CatalogueError as error:
        return LabError(_shown(catalogue), 1, f"cannot be read: {error}")
    below = languages.ours(language)
    said = (Phrase(*pair) for pair in captions(lab, words))
    tongue = Tongue(language, (*(below.phrases if below else ()), *phrases, *said))
    return Translation(translated(lab, words), words, tongue)


def _lab(folder: Path) -> Lab:
    path = folder / "lab.md"
    return lab_parse.parse_lab(_read(path), _shown(path))


def _read(path: Path) -> str:
    return checks_file.read(path, _shown(path))


def _shown(path: Path) -> str:
    """``NN-slug/lab.md``: enough to find it, whatever the course lies in."""
    parts = path.parts
    return "/".join(parts[-3:] if path.parent.name == "mistakes" else parts[-2:])


def named(folder: Path) -> str:
    """The id that a folder's lab.md names, be the rest readable or not; else the folder's name."""
    document = folder / "lab.md"
    try:
        state = document.stat()
        return _named(document, state.st_mtime_ns, state.st_size) or folder.name
    except OSError:
        return folder.name


@lru_cache(maxsize=1024)
def _named(document: Path, changed: int, size: int) -> str:  # noqa: ARG001 - an edited document is read again
    """Read once: every request looks for its lab among all of them."""
    with document.open(encoding="utf-8", errors="replace") as file:
        found = re.search(r"^[^\n]*\bid:\s*([A-Za-z0-9:_-]+)", file.read(2000), re.MULTILINE)
    return found.group(1) if found else ""


def _nameless(folder: Path, problem: LabError) -> Lab:
    """What the list shows for a lab that cannot be read: an id, if lab.md names one, and no steps."""
    return Lab(
        id=named(folder),
        title=folder.name,
        version=0,
        minutes=0,
        objectives=(),
        needs=(),
        summary=str(problem),
        body="",
        cells=(),
        steps=(),
    )


def _checks(path: Path, lab: Lab) -> Mapping[str, tuple[Check, ...]]:
    """The checks of a lab's checks.py, each of a step that has checks."""
    file = _shown(path)
    checks = checks_file.load(path, file)
    known = {step.id: step for step in lab.steps}
    for step, found in checks.items():
        line = found[0].function.__code__.co_firstlineno
        if step not in known:
            raise LabError(file, line, f"there is no step {step!r} in lab.md: choose one of {', '.join(known)}")
        if known[step].kind != "code":
            raise LabError(file, line, f"step {step!r} is of kind {known[step].kind}: only code steps have checks")
    return checks


def _solution(folder: Path, lab: Lab) -> Mapping[str, tuple[Cell, ...]]:
    path = folder / "solution.md"
    if not path.is_file():
        return {}
    cells = lab_parse.parse_solution(_read(path), _shown(path))
    known = [step.id for step in lab.steps]
    for step, found in cells.items():
        if step not in known:
            raise LabError(_shown(path), found[0].line, f"there is no step {step!r} in lab.md")
    return cells


def _mistakes(folder: Path, lab: Lab) -> Iterator[WrongAnswer]:
    known = {step.id for step in lab.steps}
    for path in sorted((folder / "mistakes").glob("*.md")):
        mistake = lab_parse.parse_mistake(_read(path), _shown(path), path.stem)
        unknown = next((step for step in (mistake.step, *mistake.after) if step not in known), None)
        if unknown is not None:
            raise LabError(_shown(path), 2, f"there is no step {unknown!r} in lab.md")
        yield mistake


def _files(folder: Path) -> tuple[Path, ...]:
    """Plain files beside lab.md that are not its own: data modules and data."""
    return tuple(
        path
        for path in sorted(folder.iterdir())
        if path.is_file()
        and path.name not in OWN_FILES
        and not TRANSLATION.fullmatch(path.name)
        and not path.name.startswith(".")
    )


# -- all labs ---------------------------------------------------------------------------------


class Shelf:
    """All labs of all installed courses; a lab is read again when a file of it has changed.

    ``whole`` as in :func:`load`.
    """

    def __init__(self, folders: Iterable[Path] | None = None, *, whole: bool = True) -> None:
        self._whole = whole
        # Which courses are installed is asked once: to go through all that is installed takes milliseconds.
        self._roots = cache(_course_folders) if folders is None else _fixed(tuple(folders))
        self._kept: dict[Path, tuple[object, ShelvedLab]] = {}

    def labs(self) -> tuple[ShelvedLab, ...]:
        """Every lab, broken ones too, in the order of the folders' names within each course."""
        found: dict[str, ShelvedLab] = {}
        for root, prefix in self._roots():
            for folder in _lab_folders(root):
                shelved = self._open(folder)
                if prefix:
                    shelved = _renamed(shelved, _prefixed(prefix, shelved.lab.id))
                twin = found.get(shelved.lab.id)
                if twin is not None:
                    said = f"there are two labs {shelved.lab.id}; {twin.slug} has the id already"
                    shelved = replace(
                        _renamed(shelved, folder.name), problem=LabError(_shown(folder / "lab.md"), 2, said)
                    )
                found.setdefault(shelved.lab.id, shelved)
        return tuple(found.values())

    def lab(self, id: str) -> ShelvedLab:  # noqa: A002 - a lab's id is called that everywhere
        """The lab with this id (``course:L04`` for our own too).

        :raises LookupError: there is none; the text is a sentence.
        """
        wanted = id.removeprefix("course:")
        if (only := self._only(wanted)) is not None:
            return only
        labs = self.labs()
        for shelved in labs:
            if shelved.lab.id == wanted:
                return shelved
        known = ", ".join(shelved.lab.id for shelved in labs) or "none"
        shown = "".join(letter if letter.isprintable() else "?" for letter in id[:40])
        raise LookupError(f"There is no lab {shown!r}. The labs are: {known}.")

    def _only(self, wanted: str) -> ShelvedLab | None:
        """The lab of which alone the document seems to have this id: the others need not be opened for it."""
        places = [
            (folder, prefix)
            for root, prefix in self._roots()
            for folder in _lab_folders(root)
            if _prefixed(prefix, named(folder)) == wanted
        ]
        if len(places) != 1:
            return None
        ((folder, prefix),) = places
        shelved = self._open(folder)
        name = _prefixed(prefix, shelved.lab.id)
        return (_renamed(shelved, name) if prefix else shelved) if name == wanted else None

    def courses(self) -> tuple[Path, ...]:
        """The folders in which the courses' labs lie."""
        return tuple(root for root, _ in self._roots())

    def step(self, lab: str, step: str) -> tuple[ShelvedLab, Step]:
        """A lab and one of its steps.

        :raises LookupError: there is no such lab, or no such step in it.
        """
        shelved = self.lab(lab)
        found = shelved.lab.step(step)
        if found is None:
            known = ", ".join(one.id for one in shelved.lab.steps) or "none"
            shown = "".join(letter if letter.isprintable() else "?" for letter in step[:40])
            raise LookupError(f"Lab {shelved.lab.id} has no step {shown!r}. Its steps are: {known}.")
        return shelved, found

    def stamps(self) -> Mapping[Path, object]:
        """By lab's folder, what changes when a file in it does."""
        return {folder: _stamp(folder) for root, _ in self._roots() for folder in _lab_folders(root)}

    def _open(self, folder: Path) -> ShelvedLab:
        stamp = _stamp(folder)
        kept = self._kept.get(folder)
        if kept is None or kept[0] != stamp:
            kept = (stamp, load(folder, whole=self._whole))
            self._kept[folder] = kept
        return kept[1]


def _renamed(shelved: ShelvedLab, name: str) -> ShelvedLab:
    return replace(shelved, lab=msgspec.structs.replace(shelved.lab, id=name))


def _prefixed(prefix: str, name: str) -> str:
    return f"{prefix}:{name}" if prefix else name


def _fixed(folders: tuple[Path, ...]) -> Callable[[], list[tuple[Path, str]]]:
    return lambda: [(folder, "") for folder in folders]


def _lab_folders(root: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(root) if Path(entry.path, "lab.md").exists())
    except OSError:
        return []


def _stamp(folder: Path) -> object:
    """Changes when a file of the lab is changed, added or removed."""
    return (*_stamps(folder, ""), *_stamps(folder / "mistakes", ".md"))


def _stamps(folder: Path, ending: str) -> Iterator[tuple[str, int, int]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith(ending):
            with contextlib.suppress(OSError):
                state = entry.stat()
                yield entry.name, state.st_mtime_ns, state.st_size


# -- courses ------------------------------------------------------------------------------------


def own_course() -> Path:
    """Where our own labs lie: ``labs/`` of the source tree, else the copy inside the package."""
    package = Path(__file__).resolve().parent
    source = package.parent.parent / "labs"
    return source if (package.parent.parent / "pyproject.toml").is_file() and source.is_dir() else package / "labs"


def _course_folders() -> list[tuple[Path, str]]:
    """Each course's folder and the prefix of its labs' ids, "" for our own; a broken course is left out."""
    folders: list[tuple[Path, str]] = [(own_course(), "")]
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if point.value == "parallab.shelf:own_course":
            continue
        try:
            folders.append((Path(point.load()()), point.name))
        except Exception as error:  # another package's code: ours must go on without it
            print(f"parallab: course {point.name!r} cannot be loaded: {error}", file=sys.stderr)
    return folders


def course() -> CourseCard:
    """Our own course's card."""
    return CourseCard(
        title="Python Concurrent Programming: Multiprocessing in Python",
        number="",
        level="Beginner",
        hours=1.3,
        about=ABOUT,
        objectives=OBJECTIVES,
    )


ABOUT = """\
In these labs you create and manage processes, to speed up the execution of your programs. You share data between
them, let them talk to one another, and keep them out of each other's way. Everything happens in notebooks, and
Parallab watches what your processes really do.
"""

OBJECTIVES = (
    Objective("O1", "Discover the key concepts of concurrent programming in Python", ("L01",)),
    Objective("O2", "Describe the different types of Queue objects", ("L02",)),
    Objective("O3", "Implement producer and consumer threads", ("L03",)),
    Objective("O4", "Define, initialize, and execute a process", ("L04",)),
    Objective("O5", "Distinguish between multiprocessing and multithreading when sharing data in memory", ("L05",)),
    Objective("O6", "Share data between processes using shared memory", ("L06",)),
    Objective("O7", "Share complex Python data between processes using a Manager", ("L07",)),
    Objective("O8", "Use locks to allow only one process to update a shared resource", ("L08",)),
    Objective("O9", "Enable communication between processes using queues and pipes", ("L09",)),
    Objective("O10", "Recall the ways to share data and distinguish between Queue and Pipe", ("L10",)),
)
