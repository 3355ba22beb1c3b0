"""An extractive engine in a language model's place: it copies one sentence of its context and cites it, or refuses.

It exists because a tiny random model can neither cite nor refuse. It proves the plumbing of retrieval, tool calls,
citations and streams; it says nothing about the quality of a real model's answers.
"""

import os

# Read by OpenBLAS when numpy is first imported. Its threads wait by spinning: measured on two busy cores, an embedding
# cost 0.24 CPU seconds with two threads and 0.015 with one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
