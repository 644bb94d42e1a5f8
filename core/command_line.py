"""The command line: films, contact sheets and timelines without Blender, and the worker that Blender starts.

Progress goes to standard error, as a bar or (``--json``) as JSON lines; standard output carries a film if asked for (``--out -``).
"""

import argparse
import os
import sys
from collections.abc import Sequence

from . import PROGRAM
from .commands import analyse, classes, clean, contact_sheet, cues, export, import_, models, plot, render, vectors, work
from .commands.telling import tell_failure
from .protocol import UserError
from .working import MEMORY_IS_FULL, is_memory_full

INTERRUPTED = 130
COMMANDS = (render, analyse, classes, cues, plot, vectors, models, contact_sheet, export, import_, clean, work)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        Exit code: 0 done, 1 failed (the cause and the cure are on standard error), 2 wrong usage, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        tell_failure(options, error)
        return 1
    except ModuleNotFoundError as error:
        if not _is_without_extra(error):
            raise
        tell_failure(options, UserError(f"This needs the package {error.name}.", 'Install the extra: pip install "chromastrip[render]".'))
        return 1
    except BrokenPipeError:  # the reader of our film ended: so do we, without complaint
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What is finished is kept: the same command goes on from here.\n")
        return INTERRUPTED
    except Exception as error:
        if not is_memory_full(error):
            raise
        tell_failure(options, MEMORY_IS_FULL)
        return 1
    return 0


def _is_without_extra(error: ModuleNotFoundError) -> bool:
    """Say whether pip has installed the command alone: elsewhere a package that is missing is told by those who set things up."""
    return PROGRAM == __name__.partition(".")[0] != (error.name or "").partition(".")[0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Turn a song into a film of BigGAN pictures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
