"""Our films' settings go through Blender's own .otio, which it reads and writes since 5.3, both ways."""

import json

import bpy
import pytest

IS_THERE = bpy.app.version >= (5, 3, 0)


@pytest.fixture
def drawn_film(add_sound, click_track, wait, films):
    """Give a film of ours in two sections, with settings of its own, as the two's settings."""
    sound = add_sound(click_track(seconds=1, clicks=[0.5]), frame_start=11)
    sound.chromastrip.seed = 7
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    film.split(frame=20, split_method="SOFT")
    return sound


def settings(addon, films):
    told = (json.loads(addon.timeline.clips.film_metadata(film)) for film in films())
    return [sorted(one.items()) for one in told]


if not IS_THERE:

    def test_nothing_is_noted_where_blender_has_no_otio(drawn_film, films):
        assert not any("otio_metadata" in film for film in films())

else:

    @pytest.fixture
    def bring(saved_film, sequencer, addon):
        """Give a function that has Blender read a timeline into an empty scene, and lets the timer look."""

        def read(path):
            scene = empty_scene()
            assert in_sequencer(sequencer, scene, bpy.ops.wm.otio_import, filepath=str(path), relative_path=False) == {"FINISHED"}
            addon.keeping.watching.look()
            return list(bpy.context.scene.sequence_editor.strips)

        return read

    def empty_scene():
        scene = bpy.data.scenes.new("Empty")
        scene.render.resolution_x = scene.render.resolution_y = 128
        bpy.context.window.scene = bpy.context.workspace.sequencer_scene = scene
        return scene

    def in_sequencer(area, scene, operator, **options):
        region = next(region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(window=bpy.context.window, area=area, region=region, scene=scene):
            return operator(**options)

    def test_what_we_write_is_ours_again_after_blenders_import(addon, saved_film, drawn_film, films, wait, bring, sequencer):
        before = settings(addon, films)
        path = saved_film.folder / "ours.otio"
        assert bpy.ops.chromastrip.export(filepath=str(path)) == {"FINISHED"}
        wait()
        strips = bring(path)
        assert settings(addon, films) == before
        sound = next(strip for strip in strips if strip.type == "SOUND")
        assert (sound.chromastrip.seed, sound.chromastrip.model) == (7, "sync-card")
        assert [addon.sections.state_with_files(film) for film in films()] == [addon.sections.State.FRESH] * 2

    def test_what_blender_writes_is_ours_again_after_either_import(addon, saved_film, drawn_film, films, wait, bring, sequencer):
        before = settings(addon, films)
        path = saved_film.folder / "blender.otio"
        assert in_sequencer(sequencer, saved_film.scene, bpy.ops.wm.otio_export, filepath=str(path)) == {"FINISHED"}
        bring(path)
        assert settings(addon, films) == before
        empty_scene()
        assert bpy.ops.chromastrip.import_timeline(filepath=str(path)) == {"FINISHED"}
        wait()
        assert settings(addon, films) == before

    def test_other_programs_metadata_stay(addon, drawn_film, films):
        film = films()[0]
        film["otio_metadata"] = {"Resolve": '{"a":1}'}
        addon.importing.blender_otio.note(film)
        assert film["otio_metadata"]["Resolve"] == '{"a":1}'
        assert film["otio_metadata"]["chromastrip"] == addon.timeline.clips.film_metadata(film)

    @pytest.mark.parametrize("told", ["", "[]", "{", '{"film":[]}', '{"film":"x","seed":"no number","size":{}}', "null", "[" * 9999])
    def test_a_strangers_metadata_do_no_harm(addon, saved_film, add_pictures, told):
        strip = add_pictures("stranger")
        strip["otio_metadata"] = {"chromastrip": told}
        addon.importing.blender_otio.look()
        assert strip.chromastrip.film in ("", "x")

    def test_after_an_undo_they_are_taken_up_again(addon, saved_film, add_pictures):
        strip = add_pictures("film")
        strip["otio_metadata"] = {"chromastrip": '{"film":"x","seed":5}'}
        addon.importing.blender_otio.look()
        strip.chromastrip.film = ""
        addon.importing.blender_otio.look()
        assert strip.chromastrip.film == ""  # no strip has come
        addon.keeping.watching._take_undone()
        addon.importing.blender_otio.look()
        assert (strip.chromastrip.film, strip.chromastrip.seed) == ("x", 5)
