"""An extractive engine in a language model's place: it copies one sentence of its context and cites it, or refuses.

It exists because a tiny random model can neither cite nor refuse. It proves the plumbing of retrieval, tool calls,
citations and streams; it says nothing about the quality of a real model's answers.
"""
