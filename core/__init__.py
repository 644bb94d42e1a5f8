"""Chromastrip's core: sound in, pictures out.

Runs in the worker's Python, never imports ``bpy``, and is usable alone from the command line (``python -m core --help``).
"""
