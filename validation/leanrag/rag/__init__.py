"""Smoke cases against the RAG API: known questions, right sources, right codes, citations, stream shape."""
