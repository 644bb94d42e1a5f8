"""Passages that flash too fast: found, and walked more calmly."""
