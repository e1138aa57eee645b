"""The class service: a service of JupyterHub's that shows instructors who is where in the course.

An instructor's whole configuration is one call in ``jupyterhub_config.py``::

    from parallab.hub import configure
    configure(c, instructors=["teachers"])

Importing the package loads nothing of the service; ``python -m parallab.hub`` runs it.
"""

from __future__ import annotations

from parallab.hub.configure import configure

__all__ = ["configure"]
