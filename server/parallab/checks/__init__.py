"""What an author writes checks with: ``check``, ``expect``, ``note`` and the matchers.

A check is a function whose docstring is the goal that the learner reads; ``expect`` raises
when what was seen does not match; what a check returns is handed to later checks of the
same step that name it as a parameter.
"""

from parallab.checks.check import Check, check, collect
from parallab.checks.expect import (
    CannotTell,
    NotMet,
    NotTried,
    cannot_tell,
    expect,
    fail,
    not_tried,
    note,
)
from parallab.checks.matchers import (
    Matcher,
    all_of,
    at_least,
    at_most,
    between,
    contains,
    each,
    equals,
    has,
    is_false,
    is_true,
    less_than,
    none,
    one,
    unordered,
)

__all__ = [
    "CannotTell",
    "Check",
    "Matcher",
    "NotMet",
    "NotTried",
    "all_of",
    "at_least",
    "at_most",
    "between",
    "cannot_tell",
    "check",
    "collect",
    "contains",
    "each",
    "equals",
    "expect",
    "fail",
    "has",
    "is_false",
    "is_true",
    "less_than",
    "none",
    "not_tried",
    "note",
    "one",
    "unordered",
]
