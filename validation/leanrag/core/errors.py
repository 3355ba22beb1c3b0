"""Exceptions mean "no answer", never "a rule is broken".

LeanragError
├── InputError          a file, value or name that the user gave cannot be used
│   └── YamlError       text that is not YAML as Kubernetes reads it
├── ToolError           a program we call is missing or failed
│   └── RenderError     helm could not render a chart
├── UnreachableError    an endpoint does not answer
└── StoppedError        a signal or a deadline ended the work
"""


class LeanragError(Exception):
    """Base of all errors that a user can cause or repair.

    `message` names the place and the problem in one sentence; `hint` is the way out.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(LeanragError):
    """A file, value or name that the user gave cannot be used."""


class YamlError(InputError):
    """Text that is not YAML as Kubernetes reads it; the message carries file:line:column."""


class ToolError(LeanragError):
    """A program we call is missing or failed."""


class RenderError(ToolError):
    """helm could not render a chart."""


class UnreachableError(LeanragError):
    """An endpoint does not answer."""


class StoppedError(LeanragError):
    """A signal or a deadline ended the work before it had an answer."""
