"""Signed evidence: what a gate found about one commit on one cluster, so that others can believe it without asking it.

A gate signs claims about its verdict (token), keeps both in a ConfigMap (store); promotion reads them back without
trust and decides which attempt counts (effective). Nothing here knows how a verdict came about or what it moves.
"""
