"""Metrics as data, one file a family: who exposes them, name, type, unit, labels, versions and source (registry.py)."""
