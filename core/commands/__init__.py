"""The commands of ``python -m core``, one a file. Each has `add`, which names its words, and `run`, which does it."""
