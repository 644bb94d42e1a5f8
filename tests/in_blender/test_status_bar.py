"""The status bar tells how far the job is, and nothing when there is none."""

import bpy


def test_the_status_bar_tells_of_a_film_while_it_is_drawn(addon, saved_film, add_sound, click_track, wait, fault):
    fault("slow@0.15")
    words = addon.status_bar.text
    assert words() == ""
    add_sound(click_track(seconds=1, clicks=[0.5]))
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    assert words() == "Chromastrip   Starting Engine"
    seen = set()
    wait(until=lambda: seen.add(words()))
    assert any(" / 24" in text and "fps" in text and "left" in text for text in seen), seen
    assert words() == ""


def test_it_is_drawn_by_the_add_on_alone(addon):
    functions = bpy.types.STATUSBAR_HT_header._dyn_ui_initialize()
    assert functions.count(addon.status_bar.draw) == 1
    addon.status_bar.unregister()
    assert addon.status_bar.draw not in functions
    addon.status_bar.register()
