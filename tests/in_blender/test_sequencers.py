"""Blender's own operators, as they are run for the user: what differs by version is asked of the operator itself."""

import bpy
import pytest


@pytest.mark.parametrize("name", ["image_strip_add", "movie_strip_add"])
def test_what_an_operator_adds_is_never_handed_to_the_mouse(addon, name):
    options = addon.sequencers.not_moving(getattr(bpy.ops.sequencer, name))
    assert list(options.values()) == ([False] if bpy.app.version >= (5, 0, 0) else [])
