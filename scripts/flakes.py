"""Runs every solution and every wrong answer many times on a busy machine, and writes docs/flakes.md.

``python scripts/flakes.py [LAB …] [--runs 20] [--jobs 8] [--load 0] [--minutes M]``. The runs of a case are spread
over all Pythons that can be had (pyenv's from 3.10 on, else this one) and all start methods that it allows; every case
has its first run before one has its second. What was run is kept in artefacts/flakes/runs.jsonl, a line a run: a call
that was stopped goes on where it was, and a case whose files changed is run anew. A change of Parallab itself does not
void runs: each is told with the commit that it was made on. What stands in the report below its line ``KEPT BELOW``
stays.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parallab import author
from parallab.author.goldens import fits
from parallab.author.proof import Case, busy, cases, run_case
from parallab.judge_pool import JudgePool
from parallab.shelf import TRANSLATION, Shelf, ShelvedLab, own_course

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "artefacts" / "flakes"
REPORT = ROOT / "docs" / "flakes.md"
BELOW = "<!-- KEPT BELOW: earlier runs, told by hand -->"


class Run(msgspec.Struct, frozen=True):
    """One run: of which case in which state, where, what did not hold, the load average at its end, and the
    commit of Parallab that judged it.
    """

    lab: str
    state: str
    case: str
    python: str
    method: str
    turn: int
    fault: str = ""
    load: float | None = None
    commit: str = ""

    @property
    def unbegun(self) -> bool:
        """Whether no kernel could be had: then there is no verdict to be right or wrong."""
        return "could not be run" in self.fault

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same run."""
        return self.lab, self.state, self.case, self.python, self.method, self.turn


@dataclass(frozen=True)
class Python:
    """An interpreter with ipykernel, as a kernelspec."""

    version: str
    kernel: str | None


# -- Pythons ------------------------------------------------------------------------------------


def pythons() -> list[Python]:
    """Every Python of pyenv's, 3.10 and later, each with ipykernel in an environment of its own; else this one."""
    found = []
    for interpreter in sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python")):
        code = "import sys; print(*sys.version_info[:3], sep='.')"
        told = subprocess.run([interpreter, "-c", code], capture_output=True, check=False)
        version = told.stdout.decode().strip()
        if told.returncode == 0 and fits(">=3.10", version):
            found.append(_with_ipykernel(interpreter, version))
    os.environ["JUPYTER_PATH"] = str(KEPT / "share")
    return found or [Python(platform.python_version(), None)]


def _with_ipykernel(interpreter: Path, version: str) -> Python:
    home = KEPT / "pythons" / version
    python = home / "bin" / "python"
    ready = home / "ready"
    if not ready.exists():
        subprocess.run([interpreter, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "ipykernel"], check=True)
        ready.touch()
    name = f"parallab-flakes-{version}"
    folder = KEPT / "share" / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    return Python(version, name)


# -- what is to be run ----------------------------------------------------------------------------


def state_of(lab: ShelvedLab, kind: str) -> str:
    """What a case's verdict depends on: the lab's files but its replay, its translations and other wrong answers."""
    digest = hashlib.sha256()
    for path in sorted([*lab.folder.glob("*.*"), lab.folder / "mistakes" / f"{kind}.md"]):
        if path.is_file() and path.name != "replay.json" and not TRANSLATION.fullmatch(path.name):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def commit() -> str:
    """The commit that this is, with a + where files differ from it; "" where git cannot tell."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--exclude=*", "--dirty=+"]
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout.strip()


def plan(lab: ShelvedLab, found: Sequence[Python], runs: int) -> Iterator[tuple[Run, Case, Python]]:
    """So many runs of each case, in turns over the Pythons and start methods that it allows; each begins elsewhere."""
    by_kind: dict[str, list[Case]] = {}
    for case in cases(lab):
        if case.kind != "starter":
            by_kind.setdefault(case.kind, []).append(case)
    for first, (kind, several) in enumerate(by_kind.items()):
        places = [
            (python, case)
            for python in found
            for case in several
            if case.wrong is None or fits(case.wrong.python, python.version)
        ]
        state = state_of(lab, kind)
        for turn in range(runs if places else 0):
            # A stride that shares no factor with most counts, so that few runs see many Pythons and methods.
            stride = 7 if len(places) % 7 else 1
            python, case = places[(first + turn * stride) % len(places)]
            yield Run(lab.lab.id, state, kind, python.version, case.method, turn), case, python


def written() -> Iterator[Run]:
    """What was noted down, in order; a line that was cut off in the middle was not."""
    path = KEPT / "runs.jsonl"
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        with contextlib.suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=Run)


def kept() -> dict[tuple[object, ...], Run]:
    """What was run before; what never began was not."""
    done = {run.key: run for run in written()}
    return {key: run for key, run in done.items() if not run.unbegun}


def unbegun(runs: Sequence[Run]) -> list[Run]:
    """What was to be run on these states of labs, and never began: the machine was too busy to start a kernel."""
    states = {(run.lab, run.state) for run in runs}
    return [run for run in written() if run.unbegun and (run.lab, run.state) in states]


async def go(labs: Sequence[ShelvedLab], runs: int, load: int, jobs: int, minutes: float = float("inf")) -> list[Run]:
    """Runs what is missing, and begins nothing after so many minutes; answers all runs of the plan that were made."""
    KEPT.mkdir(parents=True, exist_ok=True)
    done = kept()
    found = pythons()
    wanted = [one for lab in labs for one in plan(lab, found, runs)]
    todo = sorted((one for one in wanted if one[0].key not in done), key=lambda one: one[0].turn)
    here, end = commit(), time.monotonic() + minutes * 60
    gate, pool = asyncio.Semaphore(jobs), JudgePool()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar, (KEPT / "runs.jsonl").open("ab") as file:
        if file.tell() and not (KEPT / "runs.jsonl").read_bytes().endswith(b"\n"):
            file.write(b"\n")  # a line that was cut off must not spoil the next
        task = bar.add_task("", total=len(wanted), completed=len(wanted) - len(todo))

        async def one(run: Run, case: Case, python: Python) -> None:
            async with gate:
                if time.monotonic() >= end:
                    return
                bar.update(task, description=f"{case}, Python {python.version}")
                faults = await run_case(case, pool, python.kernel)
                fault, load_now = "\n".join(map(str, faults)), os.getloadavg()[0]
                told = msgspec.structs.replace(run, fault=fault, load=load_now, commit=here)
                if not told.unbegun:
                    done[run.key] = told
                file.write(msgspec.json.encode(told) + b"\n")
                file.flush()
                bar.advance(task)

        try:
            with busy(load):
                await asyncio.gather(*(one(*each) for each in todo))
        finally:
            await pool.close()
    return [done[run.key] for run, _, _ in wanted if run.key in done]


# -- the report -----------------------------------------------------------------------------------


def report(runs: Sequence[Run], never: Sequence[Run] = ()) -> str:
    """What was run, and each run that did not hold; ``never`` are those for which no kernel could be had."""
    failed = [run for run in runs if run.fault]
    loads = sorted(run.load for run in runs if run.load is not None)
    seen = f", load average {loads[0]:.0f} to {loads[-1]:.0f}, mostly {loads[len(loads) // 2]:.0f}" if loads else ""
    lines = [
        "# Flakes",
        "",
        "Every solution and every wrong answer, run again and again, several side by side, on a busy machine",
        f"({os.cpu_count()} cores, {platform.system()} {platform.release()}{seen}). A run fails when a solution does",
        "not pass, or a wrong answer does not get its verdict, its mistake and its exact text.",
        "`make flakes` has written this.",
        "",
        f"**{len(failed):,} of {len(runs):,} runs failed.**",
        "",
        "| lab | cases | runs | of each case | failed |",
        "|---|---|---|---|---|",
    ]
    for lab in dict.fromkeys(run.lab for run in runs):
        mine = [run for run in runs if run.lab == lab]
        bad = sum(bool(run.fault) for run in mine)
        of_each = sorted(Counter(run.case for run in mine).values())
        often = " to ".join(str(number) for number in dict.fromkeys((of_each[0], of_each[-1])))
        lines.append(f"| {lab} | {len(of_each)} | {len(mine)} | {often} | {bad} |")
    lines += ["", "| Python | fork | spawn | forkserver | failed |", "|---|---|---|---|---|"]
    for python in sorted({run.python for run in runs}, key=lambda text: [int(part) for part in text.split(".")]):
        counts = Counter(run.method for run in runs if run.python == python)
        bad = sum(bool(run.fault) for run in runs if run.python == python)
        lines.append(f"| {python} | {' | '.join(str(counts[method]) for method in author.METHODS)} | {bad} |")
    lines += ["", "| on commit | runs | failed |", "|---|---|---|"]
    for here in dict.fromkeys(run.commit for run in runs):
        mine = [run for run in runs if run.commit == here]
        lines.append(f"| {here or 'not known'} | {len(mine)} | {sum(bool(run.fault) for run in mine)} |")
    if never:
        loads = sorted(run.load or 0 for run in never)
        lines += [
            "",
            f"{len(never)} more could not begin: at a load average of {loads[0]:.0f} to {loads[-1]:.0f}, their kernel",
            "did not answer within a minute. They were run again later, and count only then.",
        ]
    if failed:
        lines += ["", "## What failed"]
    for run in failed:
        lines += ["", f"### {run.lab} {run.case}, {run.method}, Python {run.python}", "", "```", run.fault, "```"]
    return "\n".join(lines) + "\n"


def below(report: Path) -> str:
    """What a report keeps of earlier runs, with the line that begins it; "" when nothing."""
    text = report.read_text(encoding="utf-8") if report.is_file() else ""
    return f"\n{BELOW}{text.split(BELOW, 1)[1]}" if BELOW in text else ""


def main() -> int:
    """Runs, writes the report, and answers 1 when a run failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labs", nargs="*", metavar="LAB")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--load", type=int, default=0, help="processes beside them that only use the processor")
    parser.add_argument("--jobs", type=int, default=8, help="runs side by side, which are load to each other")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after so many")
    parser.add_argument("--report", type=Path, default=REPORT)
    asked = parser.parse_args()
    labs = [lab for lab in Shelf([own_course()]).labs() if not asked.labs or lab.lab.id in asked.labs]
    unknown = set(asked.labs) - {lab.lab.id for lab in labs}
    problems = [str(lab.problem) for lab in labs if lab.problem]
    if unknown or problems:
        print(f"there is no lab {min(unknown)}" if unknown else problems[0], file=sys.stderr)
        return 2
    try:
        runs = asyncio.run(go(labs, asked.runs, asked.load, asked.jobs, asked.minutes))
    except KeyboardInterrupt:
        print("stopped; the same call goes on from here", file=sys.stderr)
        return 130
    asked.report.write_text(report(runs, unbegun(runs)) + below(asked.report), encoding="utf-8")
    bad = sum(bool(run.fault) for run in runs)
    print(f"{asked.report}: {bad} of {len(runs)} runs failed")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
