"""Two runs side by side: better, worse, indistinguishable, or not comparable."""
