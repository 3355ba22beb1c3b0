"""Why a promise is broken: eight causes, each by the seconds it adds, with its evidence and the value to change next.

A cause is named only for requests that broke a promise, and only when it adds at least half of the time by which they
did. What nobody measured is said; it is never ruled out by silence.
"""
