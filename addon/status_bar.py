"""How far the job is, in Blender's status bar: it is seen with the sidebar closed, and beside a full-screen preview. Empty otherwise."""

import bpy

from . import jobs
from .panels.progress import progress_words


def text() -> str:
    """Say how far the running job is; empty while there is none."""
    state = jobs.state
    if not state.busy:
        return ""
    if state.is_done:
        return "Chromastrip   Finished. Stop playback to insert it"
    words = "Cancelling" if state.cancelling else progress_words(state.progress)[1]
    more = f"   {len(state.waiting)} more" if state.waiting else ""
    return f"Chromastrip   {words}{more}"


def draw(header: bpy.types.Header, _context: bpy.types.Context) -> None:
    """Draw it at the bar's end."""
    if words := text():
        header.layout.label(text=words, icon="RENDER_ANIMATION")


def register() -> None:
    """Join the status bar."""
    bpy.types.STATUSBAR_HT_header.append(draw)


def unregister() -> None:
    """Leave it."""
    bpy.types.STATUSBAR_HT_header.remove(draw)
