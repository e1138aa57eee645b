"""Writes the recordings of labs: ``python tests/corpus/record_labs.py [CASE …]``. Linux, with unshare(1).

Runs solutions and wrong answers of our labs in real kernels, as the author's proof does, and keeps
of each verdict what it was made from: the Recording, the cells' steps, the break goals met before.
A case is LAB/METHOD/NAME, such as L08/fork/no-lock; without any, all of CASES are written.
"""

from __future__ import annotations

import asyncio
import lzma
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(ROOT / "server")]

import msgspec  # noqa: E402

from corpus import verdicts  # noqa: E402
from parallab import headless  # noqa: E402
from parallab.author.proof import cases  # noqa: E402
from parallab.judge_pool import JudgePool  # noqa: E402
from parallab.shelf import Shelf  # noqa: E402

HOME = Path("/mnt/home")


def main() -> None:
    """Each case in a namespace of its own: nothing else that runs here is in its recordings."""
    if sys.argv[1:2] == ["--inside"]:
        asyncio.run(_inside(sys.argv[2]))
        return
    verdicts.FOLDER.mkdir(exist_ok=True)
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = 'mount -t tmpfs none /dev/shm && mount -t tmpfs none /mnt && mkdir /mnt/home && exec "$@"'
    for case in sys.argv[1:] or verdicts.CASES:
        ran = subprocess.run(
            [
                *("unshare", *user, "--pid", "--fork", "--mount", "--mount-proc", "--ipc", "sh", "-c", script, "sh"),
                *(sys.executable, __file__, "--inside", case),
            ],
            capture_output=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(HOME), "LANG": "C.UTF-8", "PYTHONPATH": f"{ROOT}/server"},
        )
        if ran.returncode:
            sys.exit(f"{case}: {ran.stderr.decode(errors='replace')}")
        path = verdicts.path(case)
        path.write_bytes(lzma.compress(ran.stdout, preset=9 | lzma.PRESET_EXTREME))
        print(f"{case}: {path.stat().st_size:,} bytes", flush=True)


class _Noting(JudgePool):
    """Keeps what each verdict was made from."""

    def __init__(self) -> None:
        super().__init__()
        self.judged: list[verdicts.Judged] = []

    async def judge(self, folder: Path, checks: Any, step: str, recording: Any, steps: Any, **more: Any) -> Any:
        goals = await super().judge(folder, checks, step, recording, steps, **more)
        # Where "Show me" points is another test's affair.
        bare = tuple(msgspec.structs.replace(goal, moment=None) for goal in goals)
        judged = verdicts.Judged(
            step, recording, dict(steps), dict(more.get("met") or {}), tuple(more.get("phases", ())), bare
        )
        # The last word on a step, and the last on its break goals.
        same = [one for one in self.judged if (one.step, one.phases) == (step, judged.phases)]
        self.judged = [one for one in self.judged if one not in same] + [judged]
        return goals


async def _inside(name: str) -> None:
    lab_id, method, kind = name.split("/")
    lab = Shelf().lab(lab_id)
    case = next(one for one in cases(lab, [method]) if one.kind == kind)
    pool = _Noting()
    try:
        await headless.run(case.cells, lab, start_method=method, steps=case.steps, pool=pool)
    finally:
        await pool.close()
    text = msgspec.json.encode(pool.judged).decode()
    sys.stdout.write(_anonymous(text))


def _anonymous(text: str) -> str:
    """Without the places of this machine: everything the recordings name lies in /opt or in /home/learner."""
    places = {
        str(HOME): "/home/learner",
        str(ROOT): "/opt/parallab",
        sys.prefix: "/opt/venv",
        sys.base_prefix: "/opt/python",
    }
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, places[place])
    text = re.sub(r"/tmp/parallab-\w+", "/tmp/parallab-run", text)
    return re.sub(r"PARALLAB_\w+=[^\"]*", "", text)


if __name__ == "__main__":
    main()
