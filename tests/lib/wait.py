"""Waiting for a condition, with a deadline: the only way tests wait."""
import threading
import time

_never = threading.Event()


class TimedOut(AssertionError):
    pass


def pause(seconds):
    """Between two looks at a condition, never instead of one."""
    _never.wait(seconds)


def eventually(look, timeout=10.0, every=0.05, what=None):
    """Returns what look() returns once that is true; an AssertionError from
    look() counts as not yet. Past the deadline the last complaint is raised."""
    deadline = time.monotonic() + timeout
    while True:
        complaint = None
        try:
            value = look()
            if value:
                return value
        except AssertionError as e:
            complaint, value = e, None
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {timeout} s: {what or look}; "
                           f"last seen: {complaint or value!r}")
        pause(every)
