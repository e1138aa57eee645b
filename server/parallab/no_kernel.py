"""That there is no kernel to run a notebook in: for whoever must tell, and needs none of what starts one."""

from __future__ import annotations


class HeadlessError(Exception):
    """The kernel could not be started at all; the text says why and what to do."""
