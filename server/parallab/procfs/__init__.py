"""Reading processes from /proc: ``parse`` takes text and gives values, ``read`` opens the files."""
