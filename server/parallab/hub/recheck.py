"""*Check all*: runs the notebooks that a class has handed in for a lab again, and keeps what comes of each.

One lab of one class at a time for the whole Hub; the others wait. What is wanted is on the disk until it is done, and
each result as soon as it is there: after a restart of the service the rest is done. The running itself, in sandboxes
and in processes of its own, is not the class service's: a :class:`Batch` is handed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from parallab import submission
from parallab.hub.board import Run
from parallab.hub.kept import Recheck, WantedRecheck
from parallab.hub.service import Service
from parallab.problems import Problem, shown

_log = logging.getLogger(__name__)

#: Seconds after which a Hub that did not say who is in a class is asked again.
AGAIN = 20.0

#: Reads a notebook's text, in a thread. :raises SubmissionError: it cannot be run.
Text = Callable[[], str]
#: What came of the notebook of this name: its SHA-256, and the result as JSON. Called on the event loop.
Told = Callable[[str, str, str], None]


class BatchError(Exception):
    """No notebook can be run here; the text says why, and what to do."""


class Batch(Protocol):
    """Runs notebooks, each in a kernel and a sandbox of its own; whatever is in one, the others run."""

    async def __call__(self, notebooks: Mapping[str, Text], known: Mapping[str, str], told: Told) -> None:
        """Tells what came of each, as it comes. ``known`` are earlier results: what would be the same is not run.

        :raises BatchError: none can be run.
        """
        ...


class Rechecks:
    """What is being run again on this Hub. Used on the event loop, from :meth:`open` to :meth:`close`."""

    def __init__(self, service: Service, batch: Batch) -> None:
        self._service = service
        self._batch = batch
        self._turn = asyncio.Lock()
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def open(self) -> None:
        """Goes on with what was not done when the service ended."""
        for one in await self._service.wanted_rechecks():
            self._begin(one)

    async def close(self) -> None:
        """Ends what runs; it goes on when the service is there again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def start(self, class_name: str, lab: str, by: str) -> None:
        """Has a class's notebooks of a lab run again, unless they are being run already.

        :raises Problem: 404, there is no such lab.
        """
        self._service.lab(lab)
        if (class_name, lab) in self._tasks:
            return
        wanted = WantedRecheck(class_name, lab, by, time.time())
        await self._service.want_recheck(wanted)
        self._begin(wanted)

    async def cancel(self, class_name: str, lab: str) -> None:
        """Ends that. What came so far stands."""
        await self._service.unwant_recheck(class_name, lab)
        task = self._tasks.get((class_name, lab))
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            self._service.board.runs.pop((class_name, lab), None)
            self._service.board.touch()

    # -- within ------------------------------------------------------------------------------

    def _begin(self, wanted: WantedRecheck) -> None:
        key = (wanted.class_name, wanted.lab)
        if key in self._tasks:  # pressed twice at once
            return
        self._show(wanted, Run(wanted.wanted_by, waits="another lab's notebooks are being run"))
        task = asyncio.get_running_loop().create_task(self._run(wanted))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    def _show(self, wanted: WantedRecheck, run: Run | None) -> None:
        board = self._service.board
        if run is None:
            board.runs.pop((wanted.class_name, wanted.lab), None)
        else:
            board.runs[(wanted.class_name, wanted.lab)] = run
        board.touch()

    async def _run(self, wanted: WantedRecheck) -> None:
        try:
            async with self._turn:
                await self._all(wanted)
        except BatchError as error:
            await self._end(wanted, str(error))
        except Exception as error:
            # Whatever it was, the page must say that nothing more comes.
            _log.exception("notebooks of %s could not be run again", wanted.lab)
            what = "the class's records cannot be reached" if isinstance(error, SQLAlchemyError) else "it went wrong"
            await self._end(wanted, f"{what}: the service's log says more. What was checked is kept; try again")
        else:
            await self._end(wanted, "")

    async def _end(self, wanted: WantedRecheck, trouble: str) -> None:
        with contextlib.suppress(SQLAlchemyError):  # then it is wanted once more after a restart, which is quickly done
            await self._service.unwant_recheck(wanted.class_name, wanted.lab)
        self._show(wanted, Run(wanted.wanted_by, trouble=trouble) if trouble else None)

    async def _all(self, wanted: WantedRecheck) -> None:
        lab = wanted.lab
        learners = await self._learners(wanted)
        run = Run(wanted.wanted_by, total=len(learners))
        self._show(wanted, run)
        known = await self._service.rechecked(lab)
        keeping: list[asyncio.Task[None]] = []

        def told(learner: str, digest: str, data: str) -> None:
            nonlocal run
            run = msgspec.structs.replace(run, done=run.done + 1)
            self._show(wanted, run)
            if data != known.get(learner):
                one = Recheck(learner, lab, digest, time.time(), data)
                keeping.append(asyncio.ensure_future(self._service.keep_recheck(one)))

        try:
            await self._batch({learner: self._text(learner, lab) for learner in learners}, known, told)
        finally:
            await asyncio.gather(*keeping)

    async def _learners(self, wanted: WantedRecheck) -> list[str]:
        """Who of the class has handed in; waits for the Hub, which may be starting, too."""
        while (enrolled := await self._service.learners(wanted.class_name)).trouble:
            self._show(
                wanted, Run(wanted.wanted_by, waits=f"the Hub does not say who is in this class: {enrolled.trouble}")
            )
            await asyncio.sleep(AGAIN)
        return sorted(one for one in enrolled.learners if (one, wanted.lab) in self._service.board.handins)

    def _text(self, learner: str, lab: str) -> Text:
        loop = asyncio.get_running_loop()

        def text() -> str:
            try:
                found = asyncio.run_coroutine_threadsafe(self._service.notebook(learner, lab), loop).result().decode()
            except Problem as gone:
                raise submission.SubmissionError(gone.message) from None
            except UnicodeDecodeError:
                raise submission.SubmissionError("it is not a text file: a notebook is JSON in UTF-8") from None
            named = submission.lab_of(found, "it")
            if named.removeprefix("course:") != lab:
                raise submission.SubmissionError(f"it is a notebook of “{shown(named)}”, not of {lab}")
            return found

        return text
