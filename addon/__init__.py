"""Chromastrip in Blender: the Video Sequencer's sidebar, operators, and the worker's other end.

Runs in Blender's Python: standard library and ``bpy`` only. Everything heavy happens in the worker process.
"""

import bpy

from . import (
    command,
    engine_buttons,
    engine_setup,
    jobs,
    keeping,
    keyframes,
    lyrics,
    markers,
    model_list,
    models,
    operators,
    output,
    overlay,
    panels,
    preferences,
    prefetch,
    presets,
    properties,
    sources,
    status_bar,
    thing_pictures,
    things,
)

CLASSES = (
    things.ThingItem,
    lyrics.LineItem,
    properties.StripSettings,
    output.SceneOutput,
    models.ModelItem,
    *model_list.CLASSES,
    *engine_buttons.CLASSES,
    preferences.Preferences,
    *operators.CLASSES,
    *markers.CLASSES,
    *presets.CLASSES,
    *panels.CLASSES,
)


def register() -> None:
    """Add the classes, the strips' settings and the timer's handlers to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    keyframes.register()
    things.register()
    output.register()
    models.register()
    presets.register()
    sources.register()
    prefetch.register()
    jobs.register()
    engine_setup.register()
    keeping.register()
    command.register()
    status_bar.register()
    overlay.register()
    bpy.types.SEQUENCER_MT_add.append(operators.hand_over.draw_add_menu)


def unregister() -> None:
    """Take everything back; a running worker ends."""
    bpy.types.SEQUENCER_MT_add.remove(operators.hand_over.draw_add_menu)
    overlay.unregister()
    status_bar.unregister()
    command.unregister()
    keeping.unregister()
    engine_setup.unregister()
    jobs.unregister()
    prefetch.unregister()
    sources.unregister()
    presets.unregister()
    operators.things.forget_offered()
    thing_pictures.unregister()
    models.unregister()
    output.unregister()
    things.unregister()
    keyframes.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
