"""What the tests of the renderer share: a render by the helm command line beside one by the renderer."""

from collections.abc import Callable

import pytest

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError, RenderError
from leanrag.render import desk
from leanrag.render.helm import render, rendered_text


def typed(value: object) -> object:
    """Return a value that is equal to another's only with the same types, and mappings with the same order."""
    if isinstance(value, dict):
        return [(key, typed(each)) for key, each in value.items()]
    return [typed(each) for each in value] if isinstance(value, list) else (type(value), repr(value))


def outcome(repository: Repository, app: App) -> object:
    """Return the text and the objects of a render, or what is said of it."""
    try:
        found = [(each.template, typed(each.body)) for each in render(repository, app)]
        # Where a program's output is read as text, Python reads \r\n as \n; the renderer's is read as JSON.
        return rendered_text(repository, app).replace("\r\n", "\n"), found
    except (RenderError, InputError) as error:
        return type(error).__name__, error.message, error.hint


Both = Callable[[Repository, App], tuple[object, object]]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Both:
    """Render twice: by helm, and by the renderer."""

    def twice(repository: Repository, app: App) -> tuple[object, object]:
        with monkeypatch.context() as only:
            only.setattr(desk, "ready", lambda name: None)
            by_helm = outcome(repository, app)
        return by_helm, outcome(repository, app)

    return twice
