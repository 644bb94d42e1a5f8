"""Chromastrip in Blender: the Video Sequencer's sidebar, operators, and the worker's other end.

Runs in Blender's Python: standard library and ``bpy`` only. Everything heavy happens in the worker process.
"""

import bpy

from . import command, engine_buttons, engine_setup, jobs, markers, model_list, models, operators, panels, preferences, presets, properties

CLASSES = (
    properties.StripSettings,
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
    models.register()
    presets.register()
    jobs.register()
    engine_setup.register()
    command.register()
    bpy.types.SEQUENCER_MT_add.append(operators.hand_over.draw_add_menu)


def unregister() -> None:
    """Take everything back; a running worker ends."""
    bpy.types.SEQUENCER_MT_add.remove(operators.hand_over.draw_add_menu)
    command.unregister()
    engine_setup.unregister()
    jobs.unregister()
    presets.unregister()
    models.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
