"""Notebooks run in a real kernel under the recorder: verdicts, hangs, deaths, floods, restarts."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from parallab import headless, model
from parallab.headless import Done
from parallab.lab import Cell
from small_lab import TWO_WORKERS, small_lab

pytestmark = pytest.mark.asyncio

MODULE = Cell(
    "%%writefile job.py\nimport os, signal, time\ndef work():\n    pass\ndef forever():\n    time.sleep(1000)\n"
)
GOOD = Cell(
    "import multiprocessing as mp, job\nps = [mp.Process(target=job.work) for _ in range(2)]\n"
    "for p in ps: p.start()\nfor p in ps: p.join()",
    step="work",
)


def verdicts(done: Done) -> dict[str, str]:
    (step,) = done.report.steps
    return {goal.id: goal.verdict for goal in step.goals}


def reasons(done: Done) -> str:
    (step,) = done.report.steps
    return " ".join(f"{goal.observed} {goal.reason}" for goal in step.goals)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
async def test_a_right_answer_passes_under_every_start_method(tmp_path: Path, method: str) -> None:
    done = await headless.run([MODULE, GOOD], small_lab(tmp_path, TWO_WORKERS), start_method=method)
    assert verdicts(done) == {"two": "passed", "together": "passed", "done": "passed"}
    assert done.report.start_method == method
    assert headless.passed(done.report)
    assert model.loads(model.dumps(done.recording)) == done.recording


async def test_a_print_is_no_process(tmp_path: Path) -> None:
    done = await headless.run([Cell("print('two workers')", step="work")], small_lab(tmp_path, TWO_WORKERS))
    assert verdicts(done)["two"] == "failed"
    assert not headless.passed(done.report)


async def test_a_hang_is_judged_and_the_notebook_goes_on(tmp_path: Path) -> None:
    hang = Cell("import multiprocessing as mp, job\nlock = mp.Lock()\nlock.acquire()\nlock.acquire()", step="work")
    lab = small_lab(
        tmp_path,
        '''
    @check("work")
    def stuck(run):
        """It waits for itself"""
        expect("stuck", run.stuck, is_true(), observed=str(run.stuck))
        expect("waits", run.standstill.lines, has(1))
        note(run.standstill.lines[0])
''',
    )
    done = await headless.run([MODULE, hang, Cell("after = 1")], lab, timeout=30)
    (goal,) = done.report.steps[0].goals
    assert (goal.verdict, goal.note) == ("passed", "your notebook waits for a lock that it holds itself")
    assert done.hung == ("work",)


async def test_a_cell_out_of_time_is_interrupted(tmp_path: Path) -> None:
    cells = [Cell("import time\ntime.sleep(1000)", step="work"), Cell("x = 1", step="work")]
    done = await headless.run(cells, small_lab(tmp_path, TWO_WORKERS), timeout=1)
    assert verdicts(done)["two"] == "undecided", "it was cut off, and might have gone on to do it"
    assert done.hung == ("work",)
    assert any(isinstance(event, model.CellEnd) and not event.error for event in done.recording.events)


async def test_a_kernel_that_never_answers_again_is_started_anew(tmp_path: Path) -> None:
    # Its sockets take themselves for another process's: the cell ends, and no reply ever comes.
    mute = Cell("import os\nos.getpid = lambda: 1", step="work")
    done = await headless.run([MODULE, mute, MODULE, GOOD], small_lab(tmp_path, TWO_WORKERS), timeout=1)
    assert done.hung == ("work",)
    assert done.recording.dead is False


async def test_a_kernel_that_kills_itself_is_undecided_and_never_a_pass(tmp_path: Path) -> None:
    suicide = Cell("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", step="work")
    done = await headless.run([MODULE, GOOD, suicide], small_lab(tmp_path, TWO_WORKERS), timeout=20)
    assert verdicts(done)["two"] == "undecided"
    assert "Your kernel died" in reasons(done)
    assert not headless.passed(done.report)


async def test_a_cell_that_prints_a_hundred_megabytes(tmp_path: Path) -> None:
    flood = Cell("for _ in range(100):\n    print('x' * 1_000_000)", step="work")
    done = await headless.run([MODULE, flood, GOOD], small_lab(tmp_path, TWO_WORKERS))
    assert verdicts(done)["done"] == "passed"


async def test_a_probe_that_falls_silent_is_no_proof_of_nothing(tmp_path: Path) -> None:
    silence = Cell(
        "import os\n"
        "for fd in os.listdir('/proc/self/fd'):\n"
        "    if int(fd) >= 240:\n"
        "        try: os.close(int(fd))\n"
        "        except OSError: pass",
        step="work",
    )
    done = await headless.run([MODULE, silence, GOOD], small_lab(tmp_path, TWO_WORKERS))
    assert verdicts(done)["two"] == "undecided"
    assert "stopped telling" in reasons(done)


async def test_an_error_does_not_stop_the_run(tmp_path: Path) -> None:
    done = await headless.run([MODULE, Cell("1 / 0", step="work"), GOOD], small_lab(tmp_path, TWO_WORKERS))
    assert verdicts(done)["done"] == "passed"


async def test_a_restart_begins_anew(tmp_path: Path) -> None:
    again = Cell("1", step="work", tags=("restart",))
    done = await headless.run([MODULE, GOOD, again], small_lab(tmp_path, TWO_WORKERS))
    assert verdicts(done)["two"] == "failed"


async def test_workers_left_running_die_with_the_run(tmp_path: Path) -> None:
    left = Cell("import multiprocessing as mp, job\np = mp.Process(target=job.forever)\np.start()\n", step="work")
    done = await headless.run([MODULE, left], small_lab(tmp_path, TWO_WORKERS))
    (pid,) = {event.child for event in done.recording.events if isinstance(event, model.ProcessStart)}
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


async def test_no_such_kernel_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(headless.HeadlessError, match=re.escape("there is no kernel 'klingon': choose one of")):
        await headless.run([GOOD], small_lab(tmp_path, TWO_WORKERS), kernel="klingon")


async def test_hundreds_of_short_processes_are_all_recorded(tmp_path: Path) -> None:
    count = 300
    many = Cell(
        "import multiprocessing as mp, job\n"
        f"ps = [mp.get_context('fork').Process(target=job.work) for _ in range({count})]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()",
        step="work",
    )
    done = await headless.run([MODULE, many], small_lab(tmp_path, TWO_WORKERS))
    born = {event.pid for event in done.recording.events if isinstance(event, model.ProcessBorn)}
    assert (len(born), done.recording.lost) == (count, 0)
    assert f"{count}: worker 1 of {count}" in reasons(done)


async def test_nothing_of_the_run_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = small_lab(tmp_path, TWO_WORKERS)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    await headless.run([MODULE, GOOD], lab)
    assert list(scratch.iterdir()) == []


async def test_what_a_killed_group_leaves_on_the_machine_goes_with_the_run(tmp_path: Path) -> None:
    left = Cell(
        "import multiprocessing as mp, subprocess, sys\nfrom multiprocessing import shared_memory\n"
        "lock = mp.get_context('spawn').Lock()\nsegment = shared_memory.SharedMemory(create=True, size=100)\n"
        "daemon = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)",
        step="work",
    )
    done = await headless.run([left], small_lab(tmp_path, TWO_WORKERS))
    last = done.recording.snapshots[-1]
    # Other tests of this machine make some, too.
    mapped = {mapping.inode for process in last.processes for mapping in process.mappings}
    made = {Path("/dev/shm") / one.name for one in last.segments if one.inode in mapped}
    (daemon,) = (one.pid for one in last.processes if "time.sleep(600)" in " ".join(one.cmdline))

    assert {one.name.split("_")[0][:4] for one in made} == {"psm", "sem."}
    assert [one for one in made if one.exists()] == []
    assert not _runs(daemon)
