"""Runs a lab's solution in a real kernel and writes its replay: what a learner can watch before trying."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from parallab import headless, replays
from parallab.author.fault import Fault
from parallab.film import film
from parallab.replays import Replay, ReplayError
from parallab.shelf import ShelvedLab

FILE = "replay.json"
#: Under which it is recorded, unless the author says otherwise: one process fewer to look at than elsewhere.
METHOD = "fork"


async def replay(
    lab: ShelvedLab,
    *,
    start_method: str = METHOD,
    kernel: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Writes the lab's replay.json; answers its path.

    :raises ReplayError: the lab names nothing to watch, its solution does not pass, or a caption does not fit.
    """
    watch = lab.lab.watch
    if watch is None:
        raise ReplayError("the lab names nothing to watch: add a :::{watch} step-id with captions to lab.md")
    progress(f"{lab.lab.id} solution, to be watched")
    cells = replays.cells_to(lab.lab, lab.solution)
    done = await headless.run(cells, lab, kernel=kernel, start_method=start_method, steps=[watch.step])
    (result,) = done.report.steps
    if result.verdict != "passed":
        raise ReplayError(f"the solution of step {watch.step!r} did not pass: run parallab author check {lab.lab.id}")
    whole = film(done.recording)
    told = replays.finished(film(done.recording, run=replays.run_of(whole, watch)), lab.lab, watch)
    made = Replay(1, lab.lab.id, lab.lab.version, replays.made_of(lab.lab, lab.solution), told)
    text = replays.dump(made)
    if len(text) > replays.LARGEST:
        raise ReplayError(
            f"the film has {len(text) // 1024} KiB, and {replays.LARGEST // 1024} are allowed: "
            "watch a step that does less, or let its solution do less"
        )
    path = lab.folder / FILE
    await asyncio.to_thread(path.write_bytes, text)
    return path


def replay_faults(lab: ShelvedLab) -> Iterator[Fault]:
    """A replay that is missing, or of an older lab."""
    where, do = f"{lab.slug}/{FILE}", f"run parallab author record {lab.lab.id} --replay"
    path = lab.folder / FILE
    if lab.lab.watch is None:
        if path.exists():
            yield Fault(
                where, "shows nothing that lab.md names", "add a :::{watch} step-id with captions, or remove it"
            )
        return
    try:
        found = replays.load(path.read_bytes())
    except FileNotFoundError:
        yield Fault(where, "is missing, and lab.md names a step to watch", do)
    except (OSError, ReplayError) as error:
        yield Fault(where, str(error), do)
    else:
        if found.version != lab.lab.version:
            yield Fault(where, f"is of version {found.version}, the lab is at version {lab.lab.version}", do)
        elif found.made_of != replays.made_of(lab.lab, lab.solution):
            yield Fault(where, "is of an older solution, set-up or captions", do)
