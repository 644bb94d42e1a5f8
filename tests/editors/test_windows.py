"""The real Kdenlive imports, and the real Shotcut opens and saves, what was exported; melt then shows what they made of it."""

import dataclasses
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from core.handover.export import export
from core.handover.reading import ReadEdit, read_edit
from core.protocol import Clip, ExportOptions, MovieKind
from tests.editors import programs, scene


@pytest.mark.parametrize("fps", scene.RATES)
def test_shotcut_saves_what_it_opened(root, media, fps):
    made = scene.make(media, fps)
    file = media / f"shotcut{fps.numerator}.mlt"
    export(made.edit, file)
    programs.with_screen(root, "shotcut_save.sh", str(file), folder=media, log=f"{file.name}.window.log", seconds=600)
    saved = ET.parse(file).getroot()
    assert "Shotcut" in saved.get("title", "")
    markers = saved.findall(".//properties[@name='shotcut:markers']/properties")
    told = [{one.get("name"): one.text for one in marker} for marker in markers]
    assert [(marker["text"], marker["color"]) for marker in told] == [("Ünï & <beat>", "#ff0000"), ("Part", "#0000ff")]
    noted = {one.text for one in saved.findall(".//property[@name='chromastrip']")}
    assert noted == {'{"section":1}', '{"section":2}', '{"section":3}'}
    scene.check_render(programs.melt(root, file), made, folder=media, exact=True)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30)])
def test_kdenlive_imports_opentimelineio(root, media, fps):
    """Without cross-fades, and with last clips from their media's beginning: of others Kdenlive 26.08 loses the in-point."""
    made = _from_the_beginning(media, fps)
    file = media / f"import{fps.numerator}.otio"
    saved = media / f"imported{fps.numerator}.kdenlive"
    export(made.edit, file, options=ExportOptions(movies=MovieKind.H264))
    programs.with_screen(root, "kdenlive_import.sh", str(file), str(saved), folder=media, log=f"{file.name}.window.log", seconds=600)
    scene.check_render(programs.melt(root, saved), made, folder=media, exact=False)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30)])
def test_what_kdenlive_saved_comes_back_equal_and_goes_out_again(root, media, fps):
    made = scene.make(media, fps)
    file, saved = media / f"made{fps.numerator}.kdenlive", media / f"saved{fps.numerator}.kdenlive"
    export(made.edit, file)
    programs.with_screen(root, "kdenlive_save.sh", str(file), str(saved), folder=media, log=f"{file.name}.window.log", seconds=600)
    back = read_edit(saved)
    assert back == ReadEdit(edit=made.edit, notes=())
    again = media / f"again{fps.numerator}.mlt"
    export(back.edit, again)
    scene.check_render(programs.melt(root, again), made, folder=media, exact=True)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30_000, 1001)])
def test_what_shotcut_saved_comes_back_and_goes_out_again(root, media, fps):
    """It forgets where in a cross-fade the cut was, and our name of the timeline; no frame changes by that."""
    made = scene.make(media, fps)
    file = media / f"back{fps.numerator}.mlt"
    export(made.edit, file)
    programs.with_screen(root, "shotcut_save.sh", str(file), folder=media, log=f"{file.name}.window.log", seconds=600)
    back = read_edit(file)
    assert back.notes == ()
    assert back.edit.fps == fps
    assert back.edit.markers == made.edit.markers
    assert _sections(back.edit) == _sections(made.edit)
    again = media / f"shotcut again{fps.numerator}.mlt"
    export(back.edit, again)
    scene.check_render(programs.melt(root, again), made, folder=media, exact=True)


def test_sections_come_back_from_kdenlives_import_by_their_movies(root, media):
    """It throws metadata, names and markers' words away; the movies' paths lead back to settings and frames."""
    made = _from_the_beginning(media, Fraction(25))
    file, saved = media / "by path.otio", media / "by path.kdenlive"
    export(made.edit, file, options=ExportOptions(movies=MovieKind.H264))
    programs.with_screen(root, "kdenlive_import.sh", str(file), str(saved), folder=media, log=f"{file.name}.window.log", seconds=600)
    back = read_edit(saved)
    assert _sections(back.edit) == _sections(made.edit)
    again = media / "by path again.mlt"
    export(back.edit, again)
    scene.check_render(programs.melt(root, again), made, folder=media, exact=True)


def test_what_kdenlive_exports_comes_back_frame_for_frame(root, media):
    """Numbered pictures and cross-fades included; metadata are gone, and found again by the frames' folders."""
    made = scene.make(media, Fraction(25))
    file, exported = media / "to export.kdenlive", media / "to export.otio"
    export(made.edit, file, options=ExportOptions(movies=MovieKind.H264))
    programs.with_screen(root, "kdenlive_export.sh", str(file), str(exported), folder=media, log=f"{file.name}.window.log", seconds=600)
    back = read_edit(exported)
    assert back.notes == ()
    assert [track.items for track in back.edit.tracks] == [track.items for track in made.edit.tracks]
    assert [(one.name, one.start) for one in back.edit.markers] == [(one.name, one.start) for one in made.edit.markers]


def _sections(edit):
    """Say which settings every clip carries, and which frames it shows, but for those within a fade."""
    clips = [item for item in edit.tracks[0].items if isinstance(item, Clip)]
    return [(clip.metadata, clip.media.folder, clip.media.frame_count) for clip in clips]


def _from_the_beginning(media, fps):
    """The scene with hard cuts, its last clips begun where their media begin."""
    made = scene.make(media, fps, fade=False)
    pictures, sound = made.edit.tracks
    *first, last = pictures.items
    clip = dataclasses.replace(last, source_start=Fraction(0))
    heard = dataclasses.replace(sound.items[1], source_start=Fraction(0))
    tracks = (dataclasses.replace(pictures, items=(*first, clip)), dataclasses.replace(sound, items=(sound.items[0], heard)))
    cards = [(frame - scene.THIRD[0], 3) if card and card[1] == 3 else card for card in made.cards for frame in [card[0] if card else 0]]
    clicks = scene.sounds.click_times(scene.SOUND_SECONDS) + scene.SOUND_GAP / float(fps)
    clicks = clicks[clicks < scene.LENGTH / float(fps) - scene.sounds.CLICK_SECONDS]
    return dataclasses.replace(made, edit=dataclasses.replace(made.edit, tracks=tracks), cards=cards, clicks=clicks)
