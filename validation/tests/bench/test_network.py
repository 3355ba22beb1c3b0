"""Ten benches, each with two clusters, fit on one machine without sharing an address."""

from itertools import combinations

import pytest

from leanrag.bench.links import _overlaps
from leanrag.bench.network import INSTANCES, Network
from leanrag.core.errors import InputError

ALL = tuple(Network(number) for number in range(INSTANCES))


def test_the_first_bench_has_the_documented_addresses() -> None:
    network = Network()
    assert network.host == "10.97.0.1"
    assert (network.hub.address, str(network.hub.pods), str(network.hub.services)) == (
        "10.97.0.11",
        "10.244.1.0/24",
        "10.96.0.0/16",
    )
    assert (network.spoke.address, str(network.spoke.pods), str(network.spoke.services)) == (
        "10.97.0.12",
        "10.244.2.0/24",
        "10.98.0.0/16",
    )
    assert (network.hub.api_port, network.hub.api_service, network.hub.dns_service) == (6443, "10.96.0.1", "10.96.0.10")


def test_no_two_ranges_of_all_benches_overlap() -> None:
    ranges = [each for network in ALL for each in network.ranges]
    assert not [pair for pair in combinations(ranges, 2) if pair[0].overlaps(pair[1])]


def test_no_two_etcds_share_a_port() -> None:
    ports = [network.etcd_port + offset for network in ALL for offset in (0, 1)]
    assert len(set(ports)) == len(ports)


def test_interface_names_are_short_enough_and_unique() -> None:
    names = [name for network in ALL for name in (network.bridge, *(node.link for node in network.nodes))]
    assert max(map(len, names)) <= 15
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("number", [-1, 10])
def test_there_is_no_eleventh_bench(number: int) -> None:
    with pytest.raises(InputError):
        Network(number)


@pytest.mark.parametrize(
    ("route", "taken"), [("10.96.0.0/12", True), ("10.97.0.77", True), ("192.168.0.0/16", False), ("fd00::/8", False)]
)
def test_a_route_of_this_machine_that_overlaps_is_seen(route: str, taken: bool) -> None:
    assert _overlaps(route, Network().subnet) is taken
