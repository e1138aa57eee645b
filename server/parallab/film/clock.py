"""The film's time: milliseconds since the kernel was ready."""

from __future__ import annotations

from parallab import model


class Clock:
    """Tells a recording's monotonic nanoseconds in milliseconds since the kernel said that it is there.

    Without that word (no probe) the first event, or the first look, is the beginning.
    """

    def __init__(self, recording: model.Recording) -> None:
        hello = next((event.at for event in recording.events if isinstance(event, model.Hello)), None)
        looks = [*([recording.baseline] if recording.baseline is not None else []), *recording.snapshots]
        seen = [*(event.at for event in recording.events[:1]), *(one.monotonic for one in looks)]
        self.first = hello if hello is not None else min(seen, default=0)
        self.last = max(
            [
                self.first,
                *(event.at for event in recording.events[-1:]),
                *(one.monotonic for one in recording.snapshots),
            ]
        )
        """The latest moment that is known of."""
        self.unix = looks[0].unix - (looks[0].monotonic - self.first) / 1e9 if looks else 0.0
        """Unix seconds of the beginning, 0 where that is not known."""

    def ms(self, at: int) -> float:
        """A moment of the recording as one of the film; never before its beginning."""
        return max(0.0, round((at - self.first) / 1e6, 3))

    def maybe(self, at: int) -> float | None:
        """The same, None for 0: what is not known, or has not happened."""
        return self.ms(at) if at else None
