"""The commands of the command line, one a file. Each has `add`, which names its words, and `run`, which does it."""
