"""``plot``: one picture of what a film hears and what it will do, to look at before its frames are drawn."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from . import asking, outputs, words
from .telling import say


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("plot", help="draw one picture of what a film hears and what it will do")
    command.add_argument("--out", required=True, metavar="PICTURE", help="the picture to write, as plot.png")
    outputs.add(command)
    asking.add(command)
    command.set_defaults(run=run, json=False)


def run(options: Namespace) -> None:
    """Listen, walk, and draw the picture."""
    from .. import plot
    from ..checks import check, check_sheet
    from ..files import check_writable
    from ..latents import direct, latents_of
    from ..paces import expected
    from ..protocol import class_names
    from ..sound import audio, structure
    from ..sound.listening import listen

    words.check_picture(options.out)
    outputs.check(options, inputs=asking.inputs(options))
    request = asking.request(options)
    check(request)
    check_writable(Path(options.out).absolute().parent)  # now, not after an hour of sound
    heard = listen(request)
    check_sheet(request, sound_seconds=heard.seconds)
    directed = direct(request, heard)
    picture = plot.plot(
        plot.envelope_of(audio.load(Path(request.sound_path))),
        heard,
        latents_of(request, heard),
        request=request,
        parts=structure.suggest(heard.directing or heard),
        class_names=class_names.names(),
        cues=directed.cues if directed else (),
    )
    words.save_picture(picture, options.out)
    say(f"{request.frame_count} frames at a glance in {options.out}")
    if line := expected(request):
        say(line)
