"""Revisions of the class service's database, run by ``parallab.hub.database``."""
