"""What an author of labs uses: proof that a lab is right, its golden texts, a new one, a look at it."""

from parallab.author.doubted import case as doubt_case
from parallab.author.doubted import judged_now
from parallab.author.doubted import read as read_doubt
from parallab.author.fault import Fault
from parallab.author.goldens import (
    MASKS,
    METHODS,
    difference,
    golden_for,
    goldens,
    matches,
    with_texts,
)
from parallab.author.paper import static_faults
from parallab.author.proof import Case, Report, cases, prove
from parallab.author.recording import record
from parallab.author.replaying import replay
from parallab.author.template import new, preview
from parallab.author.translating import translate
from parallab.headless import HeadlessError
from parallab.replays import ReplayError

__all__ = [
    "MASKS",
    "METHODS",
    "Case",
    "Fault",
    "HeadlessError",
    "ReplayError",
    "Report",
    "cases",
    "difference",
    "doubt_case",
    "golden_for",
    "goldens",
    "judged_now",
    "matches",
    "new",
    "preview",
    "prove",
    "read_doubt",
    "record",
    "replay",
    "static_faults",
    "translate",
    "with_texts",
]
