"""``vectors``: a film's latents as arrays, for those who draw with something else or want to look inside."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from ..protocol import UserError
from . import asking, outputs
from .telling import say


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("vectors", help="write a film's latents as arrays, without drawing it")
    command.add_argument(
        "--out",
        required=True,
        metavar="FILE.npz",
        help="noise [N, 128], displacement [N, 6] along directions [6, 128] (without hits there are none; the network"
        " gets noise + displacement @ directions), class_ids and class_weights [N, m], class_floor and truncation [N]",
    )
    command.add_argument("--full", action="store_true", help="write the whole class vectors [N, 1000] too")
    outputs.add(command)
    asking.add(command)
    command.set_defaults(run=run, json=False)


def run(options: Namespace) -> None:
    """Write the arrays."""
    import numpy as np

    from ..backends import Backends
    from ..checks import check, check_sheet
    from ..files import whole_file
    from ..latents import latents_of
    from ..sound.listening import listen

    outputs.check(options, inputs=asking.inputs(options))
    request = asking.request(options)
    check(request)
    heard = listen(request)
    check_sheet(request, sound_seconds=heard.seconds)
    latents = latents_of(request, heard)
    arrays: dict[str, Any] = {"fps": str(request.fps), **vars(latents)}
    if latents.displacement.any():  # else no directions are needed, and none looked for
        try:
            arrays["directions"] = Backends().open(request).directions()
        except UserError as error:  # latents can be had without the network
            say(f"Note: there are no directions in it. {error.cause}")
    if options.full:
        arrays["class_vectors"] = latents.class_vectors(range(len(latents)))
    with whole_file(Path(options.out)) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)
    say(f"{len(latents)} rows in {options.out}")
