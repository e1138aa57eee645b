"""Batch re-checking of submissions that nobody has to trust: ``parallab grade``, and *Check all* of a class.

===========  =====================================================================================
intake       what was handed in, and what is to be asked of it
crew         ``grade``: many submissions, some at once, on this machine
cluster      the same on a Dask cluster
hand         a worker process as its starter holds it
worker       that process: one submission after the other
runner       one submission: headless, in a sandbox
kernel       a kernel in a sandbox, recorded from outside
sandbox      bubblewrap's command line, and orders to the first process in there
inside       that first process
far_ear      hears the probe through it
guard        ends a sandbox that uses too much
cgroup       limits it, where that can be had
journal      results as they come, to go on from
blank        a result without a report
table        results as CSV
===========  =====================================================================================

docs/grading.md says what is guaranteed and what is not.
"""

from parallab.grading.crew import grade as grade
from parallab.grading.facts import Graded as Graded
from parallab.grading.facts import Limits as Limits
from parallab.grading.intake import Handed as Handed
from parallab.grading.intake import collect as collect
from parallab.grading.intake import of_text as of_text
from parallab.grading.sandbox import SandboxError as SandboxError
