"""Lean RAG: checks, smoke tests, load, judgement and promotion for RAG services run by GitOps."""

__version__ = "0.1.0"
