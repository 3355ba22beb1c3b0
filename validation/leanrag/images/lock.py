"""Make images.lock: ask registries for every digest, keep what is known, and never write what nobody said."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.images_lock import ImagesLock, Locked, lock_path, lock_text, read_lock
from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.files import write_atomic
from leanrag.images.listing import Listing
from leanrag.images.reference import Reference, reference
from leanrag.images.registry import Answer

Ask = Callable[[Reference], Answer]
AT_ONCE = 8  # images that are asked for at the same time
NOT_ASKED = "no registry was asked yet"


@dataclass(frozen=True, slots=True)
class Moved:
    """A tag that a registry now answers with another digest than the locked one."""

    image: str
    locked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one cluster's lock.

    `silent` are images whose registry gave no answer this time, with the reason, also those that stay locked.
    """

    path: Path
    lock: ImagesLock
    moved: tuple[Moved, ...]
    silent: Mapping[str, str]

    @property
    def unresolved(self) -> Mapping[str, str]:
        """The images without a digest, with the reason."""
        return {image: locked.unresolved for image, locked in self.lock.images.items() if locked.unresolved}


def current(listing: Listing) -> ImagesLock:
    """Return the lock as it stands, for the images of today; nobody is asked.

    What is locked and no longer used is dropped, unless something could not be rendered: it may be used there.
    """
    known = read_lock(lock_path(listing.cluster.path))
    before = known.images if known else {}
    blank = Locked(unresolved=NOT_ASKED)
    images = dict(before) if listing.broken else {}
    images |= {each: before.get(each, blank) for each in listing.images}
    return ImagesLock(cluster=listing.cluster.name, images=images)


def answers(images: Iterable[str], ask: Ask) -> dict[str, Answer | str]:
    """Ask for every image, several at a time; a text is the reason why there is no answer."""
    wanted = sorted(set(images))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(lambda image: _answer(image, ask), wanted), strict=True))


def _answer(image: str, ask: Ask) -> Answer | str:
    try:
        return ask(reference(image))
    except (UnreachableError, InputError) as error:
        return error.message


def locked(listing: Listing, said: Mapping[str, Answer | str], now: str, accept_moved: bool = False) -> Result:
    """Return a cluster's new lock; `now` is the moment of the answers (RFC 3339).

    What was locked stays as it was when the answer is the same or there is none. Another digest for a locked tag is not
    taken over without `accept_moved`: an exact version does not change by itself.
    """
    before = current(listing).images
    moved, silent, images = [], {}, {}
    for image, old in before.items():
        answer = said.get(image, "an Application that may use it cannot be rendered")
        if isinstance(answer, str):
            silent[image] = answer
            images[image] = old if old.digest else Locked(unresolved=answer)
        elif answer.digest == old.digest:
            images[image] = old
        else:
            if old.digest:
                moved.append(Moved(image, old.digest, answer.digest))
            images[image] = old if old.digest and not accept_moved else _locked(answer, now)
    lock = ImagesLock(cluster=listing.cluster.name, images=images)
    return Result(lock_path(listing.cluster.path), lock, tuple(moved), silent)


def _locked(answer: Answer, now: str) -> Locked:
    return Locked(digest=answer.digest, mediaType=answer.media_type, resolved=now, registry=answer.registry)


def write(result: Result) -> None:
    """Write the lock beside its cluster.yaml, whole or not at all."""
    write_atomic(result.path, lock_text(result.lock))
