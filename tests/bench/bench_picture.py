"""What the pictures cost the browser: frames a second while a film of 60 processes plays, and goes on.

The front end's own code, drawn by Chromium from a film of a real run (tests/corpus/films.py), played so
fast that about 1,000 of its events come in a second. Needs ``make setup`` and a Chromium. Budget: 30 frames/s.
"""
