"""``worker``: work for the add-on, which starts this itself."""

import argparse
import json
import os
import sys
from typing import Any

from ..protocol import UserError


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("worker", help="work for the add-on (it starts this itself)")
    command.add_argument("--fault", default=os.environ.get("CHROMASTRIP_FAULT", ""), help=argparse.SUPPRESS)
    command.set_defaults(run=run, json=False)


def run(options: argparse.Namespace) -> None:
    """Serve until the add-on ends."""
    from ..backends import Backends
    from ..worker import serve

    try:
        address = json.loads(sys.stdin.readline())  # over standard input: command lines and environments are there for all to read
        port, token = int(address["port"]), str(address["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("Nobody said where to connect to.", "Leave this command to the add-on; for films use `render`.") from error
    serve(port=port, token=token, backends=Backends(fault=options.fault))
