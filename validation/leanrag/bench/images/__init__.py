"""Container images without a container engine or a registry: packed from environments and programs of this machine.

What is packed corresponds, step by step, to the Containerfiles in bootstrap/images; its README has the table.
"""

from leanrag.bench.images.containerd import import_images, listing
from leanrag.bench.images.recipes import images
from leanrag.bench.model import Bench
from leanrag.bench.node import socket
from leanrag.core.progress import say

# The spoke has its own copy of every image, and its gate sends no load.
_HUB_ONLY = ("loadgen",)


def provide(bench: Bench) -> None:
    """Give every node of a bench the images that it lacks, packing what was never packed."""
    names = tuple(each.short for each in images())
    for node in bench.nodes:
        wanted = [name for name in names if node.name == "hub" or name not in _HUB_ONLY]
        import_images(socket(bench.state, node), wanted)
    say("images: " + ", ".join(f"{each.reference.rpartition('/')[2]} {each.shown}" for each in listing()))
