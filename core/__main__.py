"""Chromastrip without Blender: ``python -m core --help``. Also the worker's entry point."""

import sys

from .command_line import main

if __name__ == "__main__":
    sys.exit(main())
