"""Faults of Git and of the promoter itself: refused, cut off, killed, raced, or asked by hand for what is unproven."""

from .desk import Desk
from .evidence_faults import refuses
from .fault import Fault
from .git_main import frozen, held, malformed, no_keys, not_a_descendant, others_roll_back, quiet, rewritten_main, stays
from .git_pull import (
    bare_pin,
    borrowed,
    foreign_commit,
    override,
    pin,
    pull_request,
    refused_by_verify,
    skipped_staging,
    stranger,
)
from .git_remote import (
    disk_full,
    gone_and_back,
    half_push,
    killed_after,
    killed_before,
    killed_during,
    moved_base,
    no_pin,
    passed_and,
    refused_push,
    two_promoters,
    unheard,
)

GitFault = Fault[Desk]
NO_PIN = "no pin"
ONCE = "no pin while it lasts, promoted once afterwards"
FAULTS: tuple[GitFault, ...] = (
    Fault("G01", "the server refuses the push", ONCE,
          passed_and(lambda d: d.office.remote.hook(d.name, "pre-receive", "echo main is protected >&2; exit 1\n")),
          refused_push, True),
    Fault("G02", "the connection dies in the middle of the push", ONCE,
          passed_and(lambda d: d.office.remote.hook(d.name, "pre-receive", "kill -9 $PPID\n")), half_push, True),
    Fault("G03", "another commit lands while the promoter pushes", "both commits stay, promoted once",
          Desk.passes, moved_base),
    Fault("G04", "the remote is gone", ONCE, Desk.passes, gone_and_back),
    Fault("G27", "the push lands, and its answer is lost", "promoted once", Desk.passes, unheard),
    Fault("G05", "the promoter's account may only read", NO_PIN, Desk.passes,
          no_pin("403", "refused", "denied", user="reader")),
    Fault("G06", "the promoter is killed (-9) before it pushes", ONCE, Desk.passes, killed_before),
    Fault("G07", "the promoter is killed (-9) while it pushes", ONCE, Desk.passes, killed_during, True),
    Fault("G08", "the promoter is killed (-9) just after the push", "promoted once", Desk.passes, killed_after),
    Fault("G09", "two promoters at once", "promoted once", Desk.passes, two_promoters, True),
    Fault("G10", "the promoter's disk is full", ONCE, Desk.passes, disk_full),
    Fault("G11", "the commit is on hold", NO_PIN, held, refuses("hold")),
    Fault("G12", "a freeze window is open", NO_PIN, frozen, refuses("inventory")),
    Fault("G13", "staging's release.yaml is malformed", "staging stays, prod can roll back",
          malformed("clusters/staging/release.yaml"), others_roll_back, True),
    Fault("G14", "dev's cluster.yaml is malformed", NO_PIN, malformed("clusters/dev/cluster.yaml"),
          no_pin("clusters/dev/cluster.yaml")),
    Fault("G15", "dev's cluster.yaml names no public key", NO_PIN, no_keys, refuses("names no public key")),
    Fault("G16", "main was rewritten without the commit that passed", NO_PIN, rewritten_main, quiet),
    Fault("G17", "the commit is no descendant of the pin", NO_PIN, not_a_descendant, stays("descend")),
    Fault("G18", "a pull request pins staging by hand", "refused by promote verify",
          pull_request("staging", bare_pin), refused_by_verify(), True),
    Fault("G19", "a pull request pins a commit that does not exist", "refused by promote verify",
          pull_request("staging", lambda r, d: pin(r, "f" * 40)), refused_by_verify()),
    Fault("G20", "a pull request pins a commit that is no descendant", "refused by promote verify",
          foreign_commit, refused_by_verify()),
    Fault("G21", "a pull request with the evidence of another commit", "refused by promote verify",
          pull_request("staging", borrowed), refused_by_verify()),
    Fault("G22", "a pull request with evidence that a stranger signed", "refused by promote verify",
          pull_request("staging", stranger), refused_by_verify()),
    Fault("G23", "a pull request gives prod dev's PASS, past staging", "refused by promote verify",
          pull_request("prod", skipped_staging), refused_by_verify(), True),
    Fault("G24", "a pull request makes staging track main", "refused by promote verify",
          pull_request("staging", lambda r, d: r.update(revision="main")), refused_by_verify()),
    Fault("G25", "an override signed with a key that nobody named", "refused by promote verify",
          pull_request("staging", override("stranger")), refused_by_verify()),
    Fault("G26", "a rollback by hand to a commit that never ran there", "refused by promote verify",
          pull_request("staging", lambda r, d: pin(r, d.new, kind="rollback")), refused_by_verify()),
)  # fmt: skip
