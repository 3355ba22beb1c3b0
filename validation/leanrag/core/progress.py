"""Progress for people: plain lines on stderr, so that stdout stays a document."""

import sys


def say(message: str) -> None:
    """Print one line of progress; a reader that went away is not an error."""
    try:
        print(message, file=sys.stderr, flush=True)
    except BrokenPipeError:
        return
