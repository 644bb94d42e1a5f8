"""Volume that changes, of what is nested and around it: a clip that comes out of a nest sounds as it did in there."""

import opentimelineio as otio
import pytest

from core.handover.export import register_adapters
from core.handover.reading import read_edit
from core.protocol import Clip, UserError, VolumePoint, volume_at

RATE = 25.0


def span(start, length):
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, RATE), otio.opentime.RationalTime(length, RATE))


def volume(points, mean=0.5):
    return otio.schema.Effect(effect_name="Volume", metadata={"chromastrip": {"volume": mean, "volume_points": points}})


def clip(length, *effects):
    reference = otio.schema.ExternalReference(target_url="/music/song.flac", available_range=span(0, 500))
    return otio.schema.Clip(name="Song", media_reference=reference, source_range=span(0, length), effects=list(effects))


def nest(child_clips, start, length, *effects):
    inner = otio.schema.Track(kind=otio.schema.TrackKind.Audio, children=child_clips)
    return otio.schema.Stack(name="Nest", children=[inner], source_range=span(start, length), effects=list(effects))


def clips_of(tmp_path, *children, fps="25/1"):
    timeline = otio.schema.Timeline(name="T", metadata={"chromastrip": {"fps": fps}})
    timeline.tracks.append(otio.schema.Track(kind=otio.schema.TrackKind.Audio, children=list(children)))
    otio.adapters.write_to_file(timeline, str(tmp_path / "a.otio"))
    items = read_edit(tmp_path / "a.otio").edit.tracks[0].items
    return [item for item in items if isinstance(item, Clip)]


def points(*pairs):
    return tuple(VolumePoint(frame=frame, volume=level) for frame, level in pairs)


def test_a_plain_clip_keeps_its_points_also_those_outside_of_it(tmp_path):
    (found,) = clips_of(tmp_path, clip(40, volume([[-5, 0.0], [10, 1.0], [60, 0.5]])))
    assert found.volume_points == points((-5, 0), (10, 1), (60, 0.5))
    assert found.volume == 0.5


def test_a_clip_whose_beginning_its_nest_cuts_off_keeps_the_rest_of_its_line(tmp_path):
    (found,) = clips_of(tmp_path, nest([clip(40, volume([[0, 0.0], [20, 1.0]]))], 10, 30))
    assert found.frame_count == 30
    assert found.volume_points == points((-10, 0), (10, 1))


def test_a_nest_that_fades_in_fades_in_the_clips_in_it_each_by_its_part(tmp_path):
    first, second = clips_of(
        tmp_path, otio.schema.Gap(source_range=span(0, 7)), nest([clip(10), clip(10)], 0, 20, volume([[0, 0.0], [20, 1.0]]))
    )
    assert first.volume_points == points((0, 0), (10, 0.5))
    assert second.volume_points == points((0, 0.5), (10, 1))
    assert (first.volume, second.volume) == (0.25, 0.75)


def test_a_nest_of_another_volume_makes_the_points_in_it_as_much_softer(tmp_path):
    steady = otio.schema.Effect(effect_name="Volume", metadata={"chromastrip": {"volume": 0.5}})
    (found,) = clips_of(tmp_path, nest([clip(20, volume([[0, 0.0], [20, 1.0]]))], 0, 20, steady))
    assert found.volume_points == points((0, 0), (20, 0.5))


def test_a_nest_and_a_clip_that_both_change_are_multiplied(tmp_path):
    inner, outer = [[0, 1.0], [10, 1.0], [20, 0.0]], [[0, 0.0], [20, 1.0]]
    (found,) = clips_of(tmp_path, nest([clip(20, volume(inner))], 0, 20, volume(outer)))
    assert [volume_at(found.volume_points, frame) for frame in (0, 10, 20)] == [0, 0.5, 0]


def test_a_nest_at_twice_its_speed_has_its_points_twice_as_close(tmp_path):
    faster = otio.schema.LinearTimeWarp(time_scalar=2.0)
    (found,) = clips_of(tmp_path, nest([clip(40, volume([[0, 0.0], [40, 1.0]]))], 0, 20, faster))
    assert found.volume_points == points((0, 0), (20, 1))


def test_a_line_over_many_clips_costs_each_its_part_only(tmp_path):
    line = [[frame, (frame % 7) / 7] for frame in range(1000)]
    found = clips_of(tmp_path, nest([clip(10) for _ in range(100)], 0, 1000, volume(line)))
    assert len(found) == 100
    assert sum(len(one.volume_points) for one in found) <= 100 * 11


FCPXML = """<fcpxml version="1.8"><resources>
<format id="r1" frameDuration="1/25s" width="64" height="64"/>
<asset id="r2" name="Song" src="file:///music/song.flac" start="0s" duration="20s" hasAudio="1"/>
<media id="r3" name="N"><sequence format="r1" duration="4s"><spine>
<asset-clip ref="r2" name="Song" offset="0s" start="0s" duration="4s">{inner}</asset-clip></spine></sequence></media>
</resources><library><event><project name="P"><sequence format="r1" duration="4s" tcStart="0s"><spine>
<ref-clip ref="r3" name="N" offset="0s" start="{start}s" duration="2s">{outer}</ref-clip>
</spine></sequence></project></event></library></fcpxml>"""
KEYS = """<adjust-volume amount="0dB"><param name="amount"><keyframeAnimation><keyframe time="{begin}s" value="-96dB"/>
<keyframe time="{end}s" value="0dB"/></keyframeAnimation></param></adjust-volume>"""


@pytest.mark.parametrize("inside", [True, False])
def test_fcpxml_compounds_sound_as_they_were_drawn_inside_and_outside(tmp_path, inside):
    """The part shown begins at a second; the line rises from there to its end, in the clip's own time or the compound's."""
    keys = KEYS.format(begin=1, end=3)
    text = FCPXML.format(start=1, inner=keys if inside else "", outer="" if inside else keys)
    (tmp_path / "a.fcpxml").write_text(text)
    items = [item for track in read_edit(tmp_path / "a.fcpxml").edit.tracks for item in track.items if isinstance(item, Clip)]
    assert [one.volume_points for one in items] == [points((0, 0), (50, 1))]


def fcpxml_of_many(key_count, uses):
    keys = "".join(f'<keyframe time="{number}/25s" value="-{number % 9}dB"/>' for number in range(key_count))
    inner = f'<adjust-volume><param name="amount"><keyframeAnimation>{keys}</keyframeAnimation></param></adjust-volume>'
    text = FCPXML.format(start=0, inner=inner, outer="")
    one = text[text.index("<ref-clip") : text.index("</ref-clip>")] + "</ref-clip>"
    return text.replace(one, one.replace(' offset="0s"', "") * uses)


def fcp7_of_many(key_count, uses):
    rate = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"
    keys = "".join(f"<keyframe><when>{number}</when><value>0.{number % 9}</value></keyframe>" for number in range(key_count))
    level = f"<parameter><parameterid>level</parameterid><value>1</value>{keys}</parameter>"
    effect = f"<filter><effect><name>Audio Levels</name><effectid>audiolevels</effectid>{level}</effect></filter>"
    song = f'<file id="f">{rate}<duration>500</duration><pathurl>file://localhost/music/song.flac</pathurl></file>'
    clip = f"<clipitem><name>Song</name>{rate}<start>0</start><end>50</end><in>0</in><out>50</out>{song}{effect}</clipitem>"
    inner = f'<sequence id="n">{rate}<media><audio><track>{clip}</track></audio></media></sequence>'
    times = (f"<start>{place * 50}</start><end>{place * 50 + 50}</end><in>0</in><out>50</out>" for place in range(uses))
    named = (f"<clipitem><name>N</name>{rate}{time}" for time in times)
    nests = f"{next(named)}{inner}</clipitem>" + "".join(f'{one}<sequence id="n"/></clipitem>' for one in named)
    return f"<xmeml><sequence><name>S</name>{rate}<media><audio><track>{nests}</track></audio></media></sequence></xmeml>"


def mlt_of_many(key_count, uses):
    level = ";".join(f"{number}=-{number % 9}" for number in range(key_count))
    volume = f'<filter><property name="mlt_service">volume</property><property name="level">{level}</property></filter>'
    song = f'<producer id="p"><property name="resource">/music/song.flac</property>{volume}</producer>'
    lists = '<playlist id="A"><entry producer="p" in="0" out="49"/></playlist>'
    lists += f'<playlist id="P">{"""<entry producer="A" in="0" out="49"/>""" * uses}</playlist>'
    return (
        f'<mlt producer="main"><profile frame_rate_num="25" frame_rate_den="1" width="10" height="10"/>{song}{lists}'
        '<tractor id="main"><track producer="P" hide="video"/></tractor></mlt>'
    )


FORMATS = [(".fcpxml", "fcpxml", fcpxml_of_many), (".xml", "fcp7", fcp7_of_many), (".mlt", "mlt", mlt_of_many)]


@pytest.mark.parametrize(("ending", "adapter", "make"), FORMATS)
def test_keyframes_of_what_is_nested_count_as_often_as_it_is_named(tmp_path, monkeypatch, ending, adapter, make):
    register_adapters()
    monkeypatch.setattr(otio.adapters.from_name(f"chromastrip_{adapter}").module(), "MOST_PIECES", 200)
    path = tmp_path / f"a{ending}"
    path.write_text(make(300, 20))
    clips = [item for track in read_edit(path).edit.tracks for item in track.items if isinstance(item, Clip)]
    assert len(clips) == 20
    assert all(one.volume_points for one in clips)
    path.write_text(make(2000, 20))
    with pytest.raises(UserError, match="more than 200 clips"):
        read_edit(path)
