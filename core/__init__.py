"""Chromastrip's core: sound in, pictures out.

Runs in the worker's Python, never imports ``bpy``, and is usable alone from the command line (``chromastrip --help``; in a clone
``python -m core --help``).
"""

PROGRAM = "python -m core" if __name__ == "core" else "chromastrip"
"""How the command line is called here: in a clone, or where pip has installed it."""
