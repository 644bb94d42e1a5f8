"""However many frames a film has, they are put on a strip by one call of Blender's, wherever the user is: one by one takes a second."""

import bpy
import pytest

FRAMES = 3803


@pytest.fixture
def frames(addon, pictures):
    import sys

    protocol = sys.modules[addon.__name__.replace(".addon", ".core.protocol")]

    def of(prefix, count):
        folder = pictures([f"{prefix}_000000.png"], folder=prefix)
        return protocol.FrameSequence(folder=str(folder), prefix=f"{prefix}_", suffix=".png", first_number=0, digits=6, frame_count=count)

    return of


@pytest.fixture
def one_by_one(addon, monkeypatch):
    """List what is put on strips one by one."""
    seen = []
    monkeypatch.setattr(addon.strips, "_appended", lambda *_, **__: seen.append("inserted"))
    monkeypatch.setattr(addon.retiming, "_append_frames", lambda *_: seen.append("turned"))
    return seen


@pytest.fixture(params=["edited", "another"])
def scene(request, saved_film):
    """The scene that the window shows, and another one; no sequencer is on the screen."""
    scene = saved_film.scene if request.param == "edited" else bpy.data.scenes.new("Another")
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    return scene


def screen():
    window = bpy.context.window_manager.windows[0]
    return [(area.ui_type, area.type) for area in window.screen.areas], window.scene, getattr(window.workspace, "sequencer_scene", None)


def test_a_film_is_inserted_and_turned_at_once_where_no_sequencer_is_seen_and_the_screen_stays_as_it_is(addon, scene, frames, one_by_one):
    before = screen()
    strip = addon.strips.new_image_strip(bpy.context, scene, frames("a", FRAMES), name="Film", channel=3, first=11)
    assert (strip.name, strip.channel, len(strip.elements), strip.elements[-1].filename) == ("Film", 3, FRAMES, f"a_{FRAMES - 1:06d}.png")
    assert list(scene.sequence_editor.strips) == [strip]
    addon.retiming._set_frames(bpy.context, strip, frames("b", FRAMES + 100))
    (strip,) = scene.sequence_editor.strips
    assert [element.filename for element in strip.elements] == frames("b", FRAMES + 100).file_names()
    assert strip.directory.rstrip("/").endswith("b")
    assert one_by_one == []
    assert screen() == before


def test_a_window_in_which_a_tool_is_at_work_is_left_alone(addon, saved_film, frames, monkeypatch):
    class Window:
        modal_operators = ("a tool",)
        screen = bpy.context.window_manager.windows[0].screen
        workspace = bpy.context.window_manager.windows[0].workspace
        scene = saved_film.scene

    class Context:
        class window_manager:
            windows = (Window,)

    with addon.sequencers.lent(Context, saved_film.scene) as override:
        assert override is None
