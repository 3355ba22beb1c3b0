"""The highest request rate that meets all objectives."""
