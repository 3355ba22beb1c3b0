"""Loopback addresses: choose a free block, and see that nothing listens where other machines could reach it."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import psutil

from leanrag.core.errors import InputError

BLOCKS = 254  # 127.77.N.*: all of 127.0.0.0/8 is loopback on Linux


def address(block: int, number: int) -> str:
    """Return the address 127.77.<block>.<number>."""
    return f"127.77.{block}.{number}"


def free_block(wanted: Iterable[tuple[int, int]], block: int | None = None, first: int = 0) -> int:
    """Return a block in which every (number, port) is free; `block` asks for one and no other.

    The search begins at `first`: two stacks that start at the same moment should not look at the same block.
    """
    pairs = tuple(wanted)
    everywhere = {port for _, port in pairs}
    for candidate in _candidates(first) if block is None else (block,):
        taken = {port: address(candidate, number) for number, port in pairs if not _free(candidate, number, port)}
        if not taken:
            return candidate
        # What stands in every block's way is the cause; what is taken in one may be another stack.
        everywhere = (everywhere & taken.keys()) or set(taken)
    port = min(everywhere)
    where = f"{taken[port]}:{port}" if block is not None else f"port {port} on every loopback address tried"
    raise InputError(
        f"{where} is taken{_owner(port)}", hint="stop that program" + (", or ask for no block" if block else "")
    )


def _candidates(first: int) -> Iterable[int]:
    return ((first + offset) % BLOCKS + 1 for offset in range(BLOCKS))


def _free(block: int, number: int, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # as servers do: a connection that ended a moment ago is no obstacle
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address(block, number), port))
            listener.listen(1)
        except OSError:
            return False
    return True


def _owner(port: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections(kind="tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port and each.pid:
                return f" by {psutil.Process(each.pid).name()} (process {each.pid})"
    return ""


def listens(pid: int, where: str, port: int) -> bool:
    """True when a process or a child of it listens there itself.

    An answer alone proves nothing: it may come from a stranger that listens on the same port of all addresses.
    """
    return any(local.port == port and local.ip in (where, "0.0.0.0", "::") for local in _listening(pid))


def exposed(pid: int) -> tuple[str, ...]:
    """Return the address:port pairs of a process and its children that other machines could reach."""
    return tuple(sorted({f"{local.ip}:{local.port}" for local in _listening(pid) if not _loopback(local.ip)}))


def _loopback(ip: str) -> bool:
    return ipaddress.ip_address(ip.partition("%")[0]).is_loopback


def _listening(pid: int) -> list[Any]:
    found: list[Any] = []
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(pid)
        for process in (leader, *leader.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                connections = process.net_connections(kind="tcp")
                found += [each.laddr for each in connections if each.status == psutil.CONN_LISTEN and each.laddr]
    return found
