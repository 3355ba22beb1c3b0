"""Which addresses a bench uses. Everything follows from its number, so that ten benches fit on one machine."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from leanrag.core.errors import InputError

DOMAIN = "cluster.local"
INSTANCES = 10


@dataclass(frozen=True, slots=True)
class Node:
    """One Kubernetes with one node: the hub is number 1, the spoke number 2.

    `address` is the node's on the bench's bridge, `api_port` that of its API server on the bridge's own address.
    """

    name: str
    number: int
    address: str
    pods: IPv4Network
    services: IPv4Network
    api_port: int
    dns_port: int
    link: str

    @property
    def api_service(self) -> str:
        """The address of Service default/kubernetes: the first of the range."""
        return str(self.services[1])

    @property
    def dns_service(self) -> str:
        """The address of Service kube-system/kube-dns: the tenth of the range, as kubeadm has it."""
        return str(self.services[10])


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of bench `instance` (0 to 9): 10.97.<instance>.0/24 on a bridge of its own."""

    instance: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.instance < INSTANCES:
            raise InputError(f"there is no bench {self.instance}", hint=f"choose 0 to {INSTANCES - 1}")

    @property
    def bridge(self) -> str:
        """The bridge's name, at most 15 characters as the kernel wants it."""
        return f"lrbench{self.instance}"

    @property
    def subnet(self) -> IPv4Network:
        """The bridge's network."""
        return IPv4Network(f"10.97.{self.instance}.0/24")

    @property
    def host(self) -> str:
        """This machine's address on the bridge: API servers, Git server, DNS."""
        return str(self.subnet[1])

    @property
    def etcd_port(self) -> int:
        """etcd's client port on 127.0.0.1; its peer port is the next one."""
        return 23790 + 2 * self.instance

    @property
    def hub(self) -> Node:
        """The Kubernetes that Argo CD runs beside."""
        return self._node("hub", 1)

    @property
    def spoke(self) -> Node:
        """The second one, for the tests of a hub with a remote cluster."""
        return self._node("spoke", 2)

    @property
    def nodes(self) -> tuple[Node, Node]:
        """Both, whether they run or not."""
        return self.hub, self.spoke

    @property
    def ranges(self) -> tuple[IPv4Network, ...]:
        """All networks that must be free on this machine."""
        return self.subnet, *(each.pods for each in self.nodes), *(each.services for each in self.nodes)

    def _node(self, name: str, number: int) -> Node:
        return Node(
            name=name,
            number=number,
            address=str(self.subnet[10 + number]),
            pods=IPv4Network(f"10.244.{10 * self.instance + number}.0/24"),
            services=IPv4Network(f"10.{self._second(number)}.0.0/16"),
            api_port=6442 + number,
            dns_port=1052 + number,
            link=f"lr{name}{self.instance}",
        )

    def _second(self, number: int) -> int:
        """Return the second byte of the Service range: 96 and 98, and above 97 for benches 1 to 9."""
        return 94 + 2 * number if self.instance == 0 else 99 + 2 * self.instance + number - 1
