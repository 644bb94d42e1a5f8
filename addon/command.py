"""Blender's command line, ``blender film.blend --command chromastrip render --all``: the buttons' operators, one after another."""

import argparse
import sys
import time
from typing import Any

import bpy

from ..core.protocol import UserError, printable
from . import compat, jobs

NAME = "chromastrip"
POLL_SECONDS = 0.05
_registered: Any = None


def run(words: list[str]) -> int:
    """Do what the words ask for, and wait for it.

    Parameters
    ----------
    words
        What stands behind ``--command chromastrip``.

    Returns
    -------
    int
        0; 1 if it could not be done, which standard error tells; 2 if the words say nothing.
    """
    try:
        options = _parser().parse_args(words)
    except SystemExit as ending:  # argparse's way to say that it has said enough
        return int(ending.code or 0)
    try:
        options.act(options)
    except UserError as error:
        sys.stderr.write(printable(f"{error.cause}\n→ {error.cure}\n"))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"blender film.blend --command {NAME}", description="Films for the sounds of a .blend file.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    rendering = actions.add_parser("render", help="draw films for sound strips, and save the .blend with them")
    which = rendering.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="for every sound strip")
    which.add_argument("--strip", action="append", default=[], metavar="NAME", help="for this one; may be given several times")
    rendering.add_argument("--no-save", action="store_true", help="leave the .blend as it is; frames are drawn all the same")
    rendering.set_defaults(act=_render)
    exporting = actions.add_parser("export", help="write the timeline for another editor")
    exporting.add_argument("file", metavar="FILE", help="such as film.otio, film.kdenlive, film.fcpxml")
    exporting.add_argument("--collect", action="store_true", help="copy all media beside the file")
    exporting.add_argument("--from-elsewhere", action="store_true", help="with --collect: media from outside of the project, too")
    exporting.set_defaults(act=_export)
    return parser


def _render(options: argparse.Namespace) -> None:
    editor = _editor()
    sounds = [strip.name for strip in editor.strips_all if strip.type == "SOUND"]
    if strangers := [name for name in options.strip if name not in sounds]:
        raise UserError(f"There is no sound strip “{strangers[0]}”.", f"There are: {', '.join(sounds) or 'none'}.")
    for name in options.strip or sounds:
        for strip in editor.strips_all:  # several would be mixed
            strip.select = strip.name == name
        editor.active_strip = editor.strips_all[name]
        _wait_for(name, bpy.ops.chromastrip.generate)
    if not options.no_save:
        bpy.ops.wm.save_mainfile()


def _export(options: argparse.Namespace) -> None:
    _editor()
    choices = {"collect": options.collect, "from_elsewhere": options.from_elsewhere}
    _wait_for(options.file, lambda: bpy.ops.chromastrip.export(filepath=options.file, **choices))


def _editor() -> bpy.types.SequenceEditor:
    if not bpy.data.is_saved:
        raise UserError("No .blend file is open.", f"Name one: blender film.blend --command {NAME} render --all")
    scene = compat.edited_scene(bpy.context)
    if scene is None or scene.sequence_editor is None:
        raise UserError("This .blend file has no timeline.", "Open it in Blender, and add a sound in the Video Sequencer.")
    return scene.sequence_editor


def _wait_for(name: str, operator: Any) -> None:
    """Start a job by its button, and tell how far it is until it ends."""
    try:
        operator()
    except RuntimeError as error:  # what Blender makes of an operator's report, or of its poll
        raise jobs.state.error or UserError(str(error).strip().removeprefix("Error: "), "Mend that, then start again.") from error
    told = ""
    while jobs.state.busy:
        jobs.tick()
        told = _tell(name, told)
        time.sleep(POLL_SECONDS)
    sys.stderr.write(f"\r{'':<70}\r")
    if jobs.state.error is not None:
        raise jobs.state.error
    sys.stderr.write(printable(f"{name}: finished\n"))
    for note in jobs.state.notes:
        sys.stderr.write(printable(f"{note}\n"))


def _tell(name: str, told: str) -> str:
    progress = jobs.state.progress
    news = "" if progress is None else f"{printable(name)}: {progress.stage} {progress.done} / {progress.total}"
    if news != told:
        sys.stderr.write(f"\r{news:<70}")
        sys.stderr.flush()
    return news


def register() -> None:
    """Let Blender know the command."""
    global _registered  # noqa: PLW0603 (Blender's handle)
    _registered = bpy.utils.register_cli_command(NAME, run)


def unregister() -> None:
    """Take it back."""
    bpy.utils.unregister_cli_command(_registered)
