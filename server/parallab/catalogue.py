"""The mistakes by number, each with the one sentence that is said to who made it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Mistake:
    """``id`` is ``M01`` to ``M66``; ``sentence`` what a learner is told."""

    id: str
    sentence: str


_IMPORT = "The child is a fresh Python: it can only run functions it can import – move it to a %%writefile cell."
_EMPTY = "empty() is a photograph of a moving queue."

_SENTENCES = {
    # -- starting
    1: _IMPORT,
    2: "The pool keeps hiring workers who cannot find your function.",
    3: _IMPORT,
    4: "Your Python starts children from a clean server now; fork had copied your notebook into the child.",
    5: "Give it a name at the top level of a module.",
    6: "What you send must be importable too.",
    7: "Reload: a forked child inherits the module you already imported.",
    8: "Use the module's name and the function's, as in wk.f: after a reload, an f imported by itself is the old one.",
    9: "run does the job yourself; start hires someone.",
    10: "You passed the result of the function; drop the brackets.",
    11: "A one-element tuple needs its comma.",
    12: "Let Thread or Process set itself up first.",
    13: "You wait for each before hiring the next.",
    14: "One object is one life: start it once, then join it.",
    15: "join only waits; results come home through a queue, a pipe or shared memory.",
    16: "Hire few workers, give each a pile.",
    17: "Use get_context.",
    18: "Take lock and process from the same context.",
    19: "The child got a copy of the locked door but not of the person with the key.",
    20: "Use multiprocessing.",
    # -- queues
    21: "It cannot leave until you take its parcel, and you will not take it until it leaves.",
    22: "Nobody told them to go home.",
    23: "One farewell per worker.",
    24: "Taken is not the same as finished.",
    25: "Say done once per item, after the work.",
    26: _EMPTY,
    27: _EMPTY,
    28: "The window is full and nobody serves.",
    29: "It failed later, in the feeder thread – send plain data.",
    30: "Hand it out once, with initializer=, or use a Manager.",
    31: "That queue lives in one process.",
    32: "Add a counter between priority and payload.",
    33: "A deque is a container, a LifoQueue is a waiting room.",
    34: "Yesterday's workers are still here: dismiss them first.",
    35: "Never kill a process that may be talking.",
    36: "It died holding the microphone.",
    # -- memory, Manager, locks, pipes, pools
    37: "It changed its copy.",
    38: "Reading and writing are two steps.",
    39: "Correct by accident of this Python; a free-threaded one loses them.",
    40: "Four doors, four keys.",
    41: "That lock lives in one process.",
    42: "“with lock:” would have let go.",
    43: "Always lock in the same order.",
    44: "Use RLock or split the function.",
    45: "Make a new lock.",
    46: "The barrier waits for more than will come.",
    47: "Closing your window does not tear down the house: unlink once.",
    48: "Only the creator unlinks.",
    49: "On 3.13 and later attach with track=False; before, create the segment before the workers.",
    50: "Release the view first.",
    51: "It is a C int; use 'q'.",
    52: "You edited a copy; put it back or nest a m.list().",
    53: "Each call is safe, the pair is not.",
    54: "Join inside the with.",
    55: "One end each.",
    56: "It is waiting for itself.",
    57: "A pipe is a telephone for two.",
    58: "An error nobody asks for is never told.",
    59: "with ends in terminate, not in wait.",
    60: "Close the shop.",
    61: "The pool replaced the man, not his task; an executor would have told you.",
    62: "A daemon may not hire.",
    63: "Collect your children.",
    64: "Ask the thread, not the cell.",
    65: "It is waiting politely for its threads.",
    66: "A printed line is no proof: look at the processes.",
}

#: Every mistake by its id.
CATALOGUE = MappingProxyType({f"M{number:02}": Mistake(f"M{number:02}", said) for number, said in _SENTENCES.items()})

#: Where several are recognised, the one that stands first here is told: it brings the others about.
DEEPER: tuple[str, ...] = (
    # What kept a process from being started, or from being what was meant …
    *("M12", "M11", "M14", "M17", "M18", "M20", "M08", "M05", "M31", "M41", "M30", "M62"),
    *("M10", "M09", "M04", "M01", "M03", "M02"),
    # … what keeps everything from going on …
    *("M19", "M43", "M44", "M46", "M42", "M45"),
    *("M55", "M56", "M29", "M36", "M35", "M26", "M21"),
    *("M32", "M34", "M33", "M25", "M24", "M23", "M28", "M27", "M22"),
    *("M61", "M59", "M65"),
    # … what made the result wrong …
    *("M57", "M54", "M40", "M51", "M53", "M38", "M52", "M37", "M13", "M15", "M58", "M16"),
    # … and what was left behind.
    *("M64", "M60", "M63", "M50", "M48", "M47"),
)
