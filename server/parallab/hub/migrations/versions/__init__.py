"""One module a revision; ids are numbers in order."""
