"""``python -m parallab.hub``: the class service, as JupyterHub starts it."""

from __future__ import annotations

import sys

from parallab.hub.door import main

if __name__ == "__main__":
    sys.exit(main())
