"""Another thing with nearly every bar, cut rather than morphed."""

import bpy

settings = bpy.context.active_strip.chromastrip

settings.look = "chromastrip"
settings.pitch_sensitivity = 292.0
settings.tempo_sensitivity = 0.4
settings.jitter = 0.5
settings.truncation = 0.4
settings.smooth_factor = 3
settings.depth = 1.0
settings.blend = 0.2
settings.class_count = 12
settings.split = 0.5
settings.loud_notes = 0.0
settings.beat = 0.0
settings.hit = 1.0
settings.hit_zoom = 1.0
settings.hit_turn = 1.0
settings.hit_shift = 1.0
settings.hit_light = 0.5
settings.hit_release_seconds = 0.2
settings.swell = 0.5
settings.breath = 0.0
settings.mood = 0.0
settings.word_fade_seconds = 0.5
settings.low_to_motion = 0.0
settings.low_to_truncation = 0.0
settings.low_to_class_speed = 0.0
settings.mid_to_motion = 0.0
settings.mid_to_truncation = 0.0
settings.mid_to_class_speed = 0.0
settings.high_to_motion = 0.0
settings.high_to_truncation = 0.0
settings.high_to_class_speed = 0.0
