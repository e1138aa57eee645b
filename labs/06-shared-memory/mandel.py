"""The picture of this lab: the Mandelbrot set, 128 rows of 128 points. Your painters import it."""

import os

WIDTH = 128
HEIGHT = 128

#: Which row was computed by whom: (number of the process, number of the row).
ROWS = []


def row(y):
    """Computes row number `y`, from 0 to 127: 128 bytes, one for the shade of each point."""
    ROWS.append((os.getpid(), y))
    return bytes(_shade(-2.2 + 3.0 * x / WIDTH, -1.5 + 3.0 * y / HEIGHT) for x in range(WIDTH))


def _shade(a, b):
    """How fast the point runs away: 8 for at once, 248 for never."""
    real = imaginary = 0.0
    for step in range(1, 31):
        if real * real + imaginary * imaginary > 4.0:
            return 8 * step
        real, imaginary = real * real - imaginary * imaginary + a, 2.0 * real * imaginary + b
    return 248
