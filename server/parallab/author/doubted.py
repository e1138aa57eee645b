"""A doubted verdict as a case of the proof: a wrong (or right) answer with the recording that it was judged by.

``mistakes/NAME.md`` says what the verdict should be and holds the cells, as any other answer there;
``mistakes/NAME.json.xz`` is what really happened then, judged again without a kernel.
"""

from __future__ import annotations

import asyncio
import lzma
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml

from parallab import doubts, judging, verdict_text, wire
from parallab.author.fault import Fault
from parallab.doubts import Doubt, DoubtError
from parallab.judge_pool import JudgePool
from parallab.lab_parse import WrongAnswer
from parallab.shelf import ShelvedLab

ENDING = ".json.xz"
#: Bytes of a recording that is kept with a lab.
KEPT = 512 * 1024


def read(path: Path, most: int = doubts.LARGEST) -> Doubt:
    """The doubted verdict of a file of at most so many bytes, packed or not.

    :raises DoubtError: it is none, or too large; the text says so.
    """
    try:
        if path.stat().st_size > most:
            raise DoubtError(f"it is larger than {most // 1024:,} KiB")
        text = path.read_bytes()
        if text.startswith(b"\xfd7zXZ"):
            unpacker = lzma.LZMADecompressor(memlimit=256 * 2**20)
            text = unpacker.decompress(text, doubts.LARGEST + 1)
        return doubts.unpack(text)
    except (OSError, lzma.LZMAError) as error:
        raise DoubtError(f"it cannot be read: {error}") from None


def case(lab: ShelvedLab, doubt: Doubt, name: str, verdict: wire.Verdict, mistake: str | None) -> tuple[Path, Path]:
    """Writes the case into the lab's mistakes/; answers both files.

    :raises DoubtError: the lab has no such step, there is such a case, or the learner had no cell of the step.
    """
    step = lab.lab.step(doubt.step)
    if step is None:
        raise DoubtError(f"lab {lab.lab.id} has no step {doubt.step!r} any more")
    steps = doubt.steps
    cells = [cell.source for cell in doubt.cells if steps[cell.id] == doubt.step and cell.source.strip()]
    if not cells:
        raise DoubtError(f"its notebook has no code in step {doubt.step!r}")
    folder = lab.folder / "mistakes"
    page, packed = folder / f"{name}.md", folder / f"{name}{ENDING}"
    if page.exists() or packed.exists():
        raise DoubtError(f"there is a case {name} already: choose another --name")
    content = lzma.compress(msgspec.json.encode(doubt), preset=9 | lzma.PRESET_EXTREME)
    if len(content) > KEPT:
        raise DoubtError(
            f"what was recorded has {len(content) // 1024} KiB packed, and {KEPT // 1024} are kept at most"
        )
    folder.mkdir(exist_ok=True)
    packed.write_bytes(content)
    page.write_text(_page(lab, doubt, cells, verdict, mistake), encoding="utf-8")
    return page, packed


def _page(lab: ShelvedLab, doubt: Doubt, cells: list[str], verdict: wire.Verdict, mistake: str | None) -> str:
    earlier = [step.id for step in lab.lab.steps[: [one.id for one in lab.lab.steps].index(doubt.step)]]
    ran = set(doubt.steps.values())
    front: dict[str, object] = {"step": doubt.step, "verdict": verdict}
    if mistake:
        front["mistake"] = mistake
    if after := [name for name in earlier if name in ran and lab.solution.get(name)]:
        front["after"] = after
    if doubt.hello is not None and doubt.hello.start_method:
        front["start_method"] = [doubt.hello.start_method]
    # Neither fences nor rules: words are words.
    words = re.sub(r"^(\s*)([`~:-]{3,})", r"\1\\\2", doubt.words.strip(), flags=re.MULTILINE)
    told = f"A learner was told “{doubt.result.verdict}”, and doubted it."
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, default_flow_style=None)}---",
        "\n".join(filter(None, [told, words])),
        *map(_cell, cells),
    ]
    return "\n".join([parts[0], "\n\n".join(parts[1:])]) + "\n"


def _cell(source: str) -> str:
    """Fenced by more backticks than it has, and with no line at its head that looks like an option."""
    fence = "`" * max(3, 1 + max((len(found) for found in re.findall(r"`{3,}", source)), default=0))
    head = "\n" if source.startswith(":") else ""
    return f"{fence}{{code-cell}}\n{head}{source.rstrip()}\n{fence}"


async def judged(lab: ShelvedLab, doubt: Doubt, pool: JudgePool) -> wire.StepResult:
    """What today's checks say of it.

    :raises DoubtError: the lab has no such step any more.
    """
    step = lab.lab.step(doubt.step)
    if step is None:
        raise DoubtError(f"lab {lab.lab.id} has no step {doubt.step!r} any more")
    goals = await pool.judge(
        lab.folder,
        lab.checks.get(step.id, ()),
        step.id,
        doubt.recording,
        doubt.steps,
        since=doubt.since,
        met=doubt.met,
        everywhere=step.everywhere,
    )
    return judging.step_result(step.id, step.kind, goals, counts=step.counts, assisted=None)


def judged_now(lab: ShelvedLab, doubt: Doubt) -> wire.StepResult:
    """As :func:`judged`, for who has no event loop."""

    async def once() -> wire.StepResult:
        pool = JudgePool()
        try:
            return await judged(lab, doubt, pool)
        finally:
            await pool.close()

    return asyncio.run(once())


def recordings(lab: ShelvedLab) -> Mapping[Path, WrongAnswer | None]:
    """The recordings that are kept with the lab, each with the answer beside it."""
    answers = {wrong.name: wrong for wrong in lab.mistakes}
    return {
        path: answers.get(path.name.removesuffix(ENDING))
        for path in sorted((lab.folder / "mistakes").glob(f"*{ENDING}"))
    }


async def faults(lab: ShelvedLab, path: Path, wrong: WrongAnswer | None, pool: JudgePool) -> list[Fault]:
    """What does not hold of one recording."""
    where = f"{lab.slug}/mistakes/{path.name}"
    if wrong is None:
        return [Fault(where, "has no answer beside it", f"add {path.name.removesuffix(ENDING)}.md, or remove it")]
    try:
        result = await judged(lab, await asyncio.to_thread(read, path, KEPT), pool)
    except DoubtError as error:
        return [Fault(where, str(error), "record it again, or remove it with its .md")]
    return list(_differences(where, wrong, result))


def _differences(where: str, wrong: WrongAnswer, result: wire.StepResult) -> Iterator[Fault]:
    told = {goal.mistake.id for goal in result.goals if goal.mistake is not None}
    seen = "\n".join(f"    {line}" for line in verdict_text.text(result).splitlines())
    if result.verdict != wrong.verdict:
        yield Fault(
            where,
            f"what was recorded should be judged {wrong.verdict}, and is {result.verdict}:\n{seen}",
            f"mend the checks of step {wrong.step}, or the verdict in {wrong.name}.md",
        )
    elif told != ({wrong.mistake} if wrong.mistake else set()):
        yield Fault(
            where,
            f"expected mistake {wrong.mistake or 'none'}, got {', '.join(sorted(told)) or 'none'}:\n{seen}",
            "see why the recogniser does not agree, or correct the .md",
        )
