"""Every image of a cluster, the digests that registries answer, and what a disconnected site must mirror."""
