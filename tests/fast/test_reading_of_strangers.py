"""Timelines of other programs: nests, angles and odd lists come in as they are shown; nothing is dropped without a line in the report."""

import json

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.handover import noting
from core.handover.reading import read_edit
from core.protocol import Clip, Gap
from tests import random_timelines
from tests.random_timelines import clip, span
from tools.environments import ROOT

CASES = ROOT / "tests" / "field"


def read(path):
    return read_edit(CASES / path)


def told(edit):
    """Say what lies on each track: clips as name, start, length and speed; gaps as their length."""
    return [(track.kind, [_told(item) for item in track.items if isinstance(item, Clip | Gap)]) for track in edit.tracks]


def _told(item):
    return item.frame_count if isinstance(item, Gap) else (item.name, *_as_int(item.source_start), item.frame_count, *_as_int(item.speed))


def _as_int(value):
    return (int(value) if value.denominator == 1 else value,)


def noted(read_back, part):
    return [note for note in read_back.notes if part in note]


# The cases ------------------------------------------------------------------------------------------------------------------------------


def test_a_nest_whose_picture_and_sound_are_not_equally_long_is_filled_with_gaps():
    assert told(read("nest_of_unequal_tracks/nest.otio").edit) == [("video", [("v", 0, 50, 1)]), ("audio", [("a", 0, 40, 1), 10])]
    shots = [("A1", 0, 100, 1), ("A2", 500, 100, 1), 50]
    assert told(read("nest_of_unequal_tracks/whole.fcpxml").edit) == [
        *[("video", shots), ("audio", shots)],
        ("audio", [("Music", 0, 250, 1)]),
    ]


def test_a_nests_speed_is_that_of_its_clips():
    back = read("nest_speed/nest_speed.otio")
    assert told(back.edit) == [("video", [("v", 0, 25, 2), 25])]
    assert noted(back, "A nested timeline's sound is left out")


def test_the_sound_within_a_clip_is_heard():
    assert told(read("fcpxml_clip_sound/clip.fcpxml").edit) == [("video", [("C", 50, 100, 1)]), ("audio", [("C", 50, 100, 1)])]


def test_a_synchronised_clips_sound_is_trimmed_with_it():
    assert told(read("fcpxml_sync_clip_sound/sync.fcpxml").edit) == [
        *[("video", [("A", 50, 100, 1)]), ("audio", [("A", 50, 100, 1)])],
        ("audio", [("W", 25, 100, 1)]),
    ]


def test_a_multicam_clip_shows_its_active_angle():
    angles = [("CamL", 250, 100, 1), ("CamR", 425, 100, 1)]
    assert told(read("fcpxml_multicam/multicam.fcpxml").edit) == [("video", angles), ("audio", angles)]


def test_an_edit_list_begins_at_its_first_event():
    assert told(read("edl_before_the_hour/leader.edl").edit) == [("video", [("leader.mov", 0, 250, 1), ("shot1.mov", 250, 100, 1)])]


@pytest.mark.parametrize(
    ("name", "kinds", "clip"),
    [
        ("a3", ["audio", "audio"], "a.wav"),
        ("aa", ["audio", "audio"], "song.wav"),
        ("cp1252", ["video"], "été.mov"),
        ("midnight", ["video"], "a.mov"),
    ],
)
def test_no_event_of_an_edit_list_vanishes(name, kinds, clip):
    assert told(read(f"edl_silent_losses/{name}.edl").edit) == [(kind, [(clip, 0, 240, 1)]) for kind in kinds]


def test_what_is_newer_than_this_opentimelineio_is_read_as_far_as_it_is_known():
    back = read("otio_marker3/marker3.otio")
    assert told(back.edit) == [("video", [("Shot", 10, 50, 1)])]
    assert [(marker.name, marker.start, marker.colour) for marker in back.edit.markers] == [("Chorus", 10, "RED")]
    assert noted(back, "“Marker.3”, was read as “Marker.2”")


# Their siblings: OpenTimelineIO ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def marker3():
    return json.loads((CASES / "otio_marker3" / "marker3.otio").read_text())


def _changed(tmp_path, timeline):
    (tmp_path / "a.otio").write_text(json.dumps(timeline))
    return read_edit(tmp_path / "a.otio")


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ({"OTIO_SCHEMA": "Color.1", "r": 0.9, "g": 0.1, "b": 0.1, "a": 1.0, "name": ""}, "RED"),
        ({"OTIO_SCHEMA": "Color.2", "r": 0, "g": 0.1, "b": 1, "a": 1, "name": "my own"}, "BLUE"),
        ({"OTIO_SCHEMA": "Color.1", "name": "Pink"}, "PINK"),
        (None, "GREEN"),
    ],
)
def test_a_markers_colour_may_be_an_object(tmp_path, marker3, colour, name):
    shot = marker3["tracks"]["children"][0]["children"][0]
    shot["markers"][0]["color"] = colour
    assert [marker.colour for marker in _changed(tmp_path, marker3).edit.markers] == [name]


def test_fields_of_another_form_than_we_know_are_set_aside(tmp_path, marker3):
    track = marker3["tracks"]["children"][0]
    shot = track["children"][0]
    track |= {"OTIO_SCHEMA": "Track.9", "kind": "Video", "name": {"en": "V1"}, "blend": {"OTIO_SCHEMA": "BlendMode.1", "mode": "add"}}
    shot |= {"OTIO_SCHEMA": "Clip.7", "enabled": "yes", "metadata": []}
    shot["source_range"]["OTIO_SCHEMA"] = "TimeRange.2"
    shot["media_references"]["DEFAULT_MEDIA"] |= {"OTIO_SCHEMA": "ExternalReference.4", "target_urls": ["/m/a.mov"]}
    back = _changed(tmp_path, marker3)
    assert told(back.edit) == [("video", [("Shot", 10, 50, 1)])]
    assert back.edit.tracks[0].items[0].media.path == "/m/a.mov"
    for kind in ("Track.9", "Clip.7", "TimeRange.2", "ExternalReference.4"):
        assert noted(back, kind)


def _time(frames):
    return otio.opentime.RationalTime(frames, 25)


def _timeline(tmp_path, *tracks, **more):
    timeline = otio.schema.Timeline(name="T")
    timeline.tracks.extend(tracks)
    for name, value in more.items():
        setattr(timeline.tracks, name, value)
    otio.adapters.write_to_file(timeline, str(tmp_path / "a.otio"))
    return read_edit(tmp_path / "a.otio")


def _track(kind, *children, **more):
    return otio.schema.Track(kind=kind, children=children, **more)


def test_each_of_a_nests_tracks_is_a_track(tmp_path):
    nest = otio.schema.Stack(
        name="N",
        source_range=span(5, 40),
        children=[
            _track("Video", clip("low", 100, 60)),
            _track("Video", otio.schema.Gap(source_range=span(0, 20)), clip("high", 7, 10)),
            _track("Audio", clip("one", 0, 30)),
            _track("Audio", clip("two", 0, 90)),
        ],
    )
    back = _timeline(
        tmp_path, _track("Video", clip("before", 0, 10), nest.deepcopy(), clip("after", 0, 10)), _track("Audio", clip("x", 0, 10), nest)
    )
    assert told(back.edit) == [
        ("video", [("before", 0, 10, 1), ("low", 105, 40, 1), ("after", 0, 10, 1)]),
        ("video", [10, 15, ("high", 7, 10, 1), 15]),
        ("audio", [("x", 0, 10, 1), ("one", 5, 25, 1), 15]),
        ("audio", [10, ("two", 5, 40, 1)]),
    ]
    assert not noted(back, "left out")


def test_speeds_volumes_switches_and_markers_go_down_into_nests(tmp_path):
    inner = clip("c", 10, 40)
    inner.effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    inner.markers.append(otio.schema.Marker(name="in", marked_range=span(30, 0)))
    nest = otio.schema.Stack(name="N", source_range=span(10, 15), children=[_track("Video", inner)])
    nest.effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    nest.effects.append(otio.schema.Effect(effect_name="Volume", metadata={"chromastrip": {"volume": 0.5}}))
    nest.markers.append(otio.schema.Marker(name="on", marked_range=span(20, 0)))
    nest.enabled = False
    back = _timeline(tmp_path, _track("Video", clip("before", 0, 7), nest))
    made = back.edit.tracks[0].items[1]
    assert told(back.edit) == [("video", [("before", 0, 7, 1), ("c", 30, 15, 4)])]
    assert (made.volume, made.enabled) == (0.5, False)
    assert sorted((marker.name, marker.start) for marker in back.edit.markers) == [("in", 7), ("on", 12)]


def test_a_trim_through_a_fade_cuts_what_it_cuts_and_no_more(tmp_path):
    fade = otio.schema.Transition(transition_type="SMPTE_Dissolve", in_offset=_time(4), out_offset=_time(4))
    track = _track("Video", clip("a", 10, 20), fade, clip("b", 10, 20), source_range=span(18, 12))
    assert told(_timeline(tmp_path, track).edit) == [("video", [("a", 28, 2, 1), ("b", 10, 10, 1)])]


def test_a_trimmed_timeline_and_a_retimed_track_are_so(tmp_path):
    fast = _track("Video", clip("a", 0, 40), clip("b", 0, 40))
    fast.effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    back = _timeline(tmp_path, fast, _track("Video", clip("c", 0, 40), clip("d", 0, 40)), source_range=span(10, 30))
    assert told(back.edit) == [("video", [("a", 20, 10, 2), ("b", 0, 20, 2)]), ("video", [("c", 10, 30, 1)])]


# Edit lists -----------------------------------------------------------------------------------------------------------------------------


def _list(tmp_path, *events, rate="25/1", name="a.edl"):
    lines = ["TITLE: T", "FCM: NON-DROP FRAME", "", *events, *([f"* CHROMASTRIP RATE: {rate}"] if rate else [])]
    (tmp_path / name).write_text("\n".join(lines))
    return read_edit(tmp_path / name)


def _event(number, channel, begin, end, name="a.mov", kind="C"):
    return f"{number:03d}  AX  {channel}  {kind}  00:00:00:00 00:00:10:00 {begin} {end}\n* FROM CLIP NAME: {name}"


@pytest.mark.parametrize("begin", ["00:59:50:00", "09:58:30:00", "10:00:04:00", "23:59:58:00"])
def test_a_list_of_others_begins_at_its_first_event_wherever_that_is(tmp_path, begin):
    seconds = int(begin[6:8]) + 2
    end = f"{begin[:6]}{seconds:02d}:00" if seconds < 60 else "00:00:00:00"
    back = _list(tmp_path, _event(1, "V", begin, end), rate=None)
    assert [kind for kind, _ in told(back.edit)] == ["video"]
    assert told(back.edit)[0][1][0][:2] == ("a.mov", 0)


def test_events_go_on_after_midnight(tmp_path):
    events = [("23:59:50:00", "23:59:58:00"), ("23:59:58:00", "00:00:03:00"), ("00:00:04:00", "00:00:06:00")]
    back = _list(
        tmp_path,
        *(_event(number, "V", *times, name=f"{number}.mov") for number, times in enumerate(events, 1)),
        *(_event(number, "A", *times, name=f"{number}.mov") for number, times in enumerate(events, 4)),
        "* LOC: 00:00:05:00 RED here",
    )
    for _, items in told(back.edit):
        assert [item if isinstance(item, int) else item[2] for item in items] == [200, 125, 25, 50]
    assert [marker.start for marker in back.edit.markers] == [375]


@pytest.mark.parametrize(
    ("channel", "tracks"),
    [
        *[
            ("V", "V"),
            ("B", "VA"),
            ("AA", "AA"),
            ("AA/V", "VAA"),
            ("A2/V", "VA"),
            ("A1A2", "AA"),
            ("VA1A2", "VAA"),
            ("V2", "V"),
            ("a", "A"),
        ],
        *[("A3+V", "VA"), ("AAA", "AAA"), ("A12", "A")],
    ],
)
def test_every_way_to_name_channels_is_known(tmp_path, channel, tracks):
    back = _list(tmp_path, _event(1, channel, "01:00:00:00", "01:00:10:00"))
    assert "".join(kind[0].upper() for kind, _ in told(back.edit)) == tracks.replace("V", "V")
    assert not noted(back, "Left out")


def test_what_a_list_says_and_nobody_knows_is_noted(tmp_path):
    back = _list(
        tmp_path,
        "000 broken before all events",
        _event(1, "V", "01:00:00:00", "01:00:10:00"),
        _event(2, "NONE", "01:00:10:00", "01:00:20:00", name="nowhere.mov"),
        _event(3, "TC1", "01:00:10:00", "01:00:20:00", name="data.mov"),
        _event(4, "V", "01:00:20:00", "01:00:20:00", name="empty.mov"),
        "SPLIT:    AUDIO DELAY=  00:00:00:10",
        "005  AX  V  C  00:00:00:00 00:00:10:00 1:00:20:0 01:00:30:00",
    )
    assert noted(back, "nowhere.mov")
    assert noted(back, "data.mov")
    assert noted(back, "empty.mov")
    assert noted(back, "000 broken")
    assert noted(back, "A split edit's delay")
    assert noted(back, "005  AX")


def test_its_own_numbers_rule_out_its_medias_rate(tmp_path):
    from tests import stamped_sounds

    stamped_sounds.write(tmp_path / "a.mkv", stamped_sounds.clicks(seconds=1))
    event = "001  AX  V  C  00:00:00:00 00:00:01:00 01:00:00:29 01:00:01:29\n* FROM CLIP NAME: a\n* SOURCE FILE: a.mkv"
    assert _list(tmp_path, event, rate=None).edit.fps == 30
    assert _list(tmp_path, event.replace(":29", ":24"), rate=None).edit.fps == 25


@pytest.mark.parametrize("text", ["1" + " " * 100_000 + "x", "1 " * 40_000, "M2 " + "x " * 40_000, "* LOC:" + " " * 100_000 + "x"])
def test_long_lines_of_a_list_take_no_longer_than_they_are(tmp_path, text):
    """A pattern that looks again at what it has seen would not end in a day."""
    back = _list(tmp_path, text, _event(1, "V", "01:00:00:00", "01:00:10:00"), *[text] * 3)
    assert told(back.edit) == [("video", [("a.mov", 0, 250, 1)])]


# Final Cut ------------------------------------------------------------------------------------------------------------------------------


def _cut(tmp_path, spine, resources=""):
    (tmp_path / "a.fcpxml").write_text(
        f'<fcpxml version="1.10"><resources>{random_timelines.RESOURCES}{resources}</resources><library><event><project name="P">'
        f'<sequence format="r1" tcStart="0s"><spine>{spine}</spine></sequence></project></event></library></fcpxml>'
    )
    return read_edit(tmp_path / "a.fcpxml")


def test_a_clip_of_several_parts_keeps_them_all(tmp_path):
    back = _cut(
        tmp_path,
        '<clip name="C" offset="0s" start="2s" duration="8s"><video ref="a" offset="0s" duration="6s">'
        '<audio ref="a" lane="-1" offset="0s" '
        'duration="6s"/></video><audio ref="w" lane="-2" offset="4s" duration="20s"/>'
        '<title lane="1" name="T" offset="9s" duration="9s"/></clip>',
    )
    assert told(back.edit) == [
        ("video", [("A", 50, 100, 1), 100]),
        ("video", [175, ("T", 0, 225, 1)]),
        ("audio", [("A", 50, 100, 1), 100]),
        ("audio", [50, ("W", 0, 150, 1)]),
    ]


def test_a_split_edits_sound_begins_and_ends_where_it_does(tmp_path):
    back = _cut(
        tmp_path,
        '<asset-clip ref="a" name="one" offset="0s" start="2s" duration="4s" audioStart="2s" audioDuration="6s"/>'
        '<asset-clip ref="a" name="two" offset="4s" start="9s" duration="4s" audioStart="11s" audioDuration="2s"/>',
    )
    assert told(back.edit) == [
        ("video", [("one", 50, 100, 1), ("two", 225, 100, 1)]),
        ("audio", [("one", 50, 150, 1), ("two", 275, 50, 1)]),
    ]


def test_retimed_nests_are_retimed(tmp_path):
    back = _cut(
        tmp_path,
        '<sync-clip name="S" offset="0s" duration="4s"><timeMap><timept time="0s" value="0s"/><timept time="4s" value="8s"/></timeMap>'
        '<spine><asset-clip ref="a" offset="0s" duration="20s"/></spine></sync-clip>',
    )
    assert told(back.edit) == [("video", [("A", 0, 100, 2)]), ("audio", [("A", 0, 100, 2)])]


def test_angles_for_picture_and_sound_may_differ(tmp_path):
    multicam = (
        '<media id="m" name="M"><multicam format="r1" tcStart="3600s"><mc-angle angleID="L">'
        '<asset-clip ref="a" offset="3600s" duration="100s"/>'
        '</mc-angle><mc-angle angleID="S"><asset-clip ref="w" offset="3602s" duration="90s"/></mc-angle></multicam></media>'
    )
    sources = '<mc-source angleID="L" srcEnable="video"/><mc-source angleID="S" srcEnable="audio"/>'
    back = _cut(tmp_path, f'<mc-clip ref="m" name="M" offset="0s" start="3601s" duration="4s">{sources}</mc-clip>', multicam)
    assert told(back.edit) == [("video", [("A", 25, 100, 1)]), ("audio", [25, ("W", 0, 75, 1)])]


def test_a_muted_source_of_a_synchronised_clip_is_muted(tmp_path):
    back = _cut(
        tmp_path,
        '<sync-clip name="S" offset="0s" duration="4s"><spine><asset-clip ref="a" offset="0s" duration="20s"/></spine>'
        '<asset-clip ref="w" lane="-1" offset="0s" duration="20s"/><sync-source sourceID="storyline">'
        '<audio-role-source role="dialogue" active="0"/></sync-source></sync-clip>',
    )
    assert [track.items[0].enabled for track in back.edit.tracks] == [True, False, True]


def test_what_final_cut_says_and_we_do_not_is_noted(tmp_path):
    back = _cut(
        tmp_path,
        '<asset-clip ref="a" name="A" offset="0s" duration="4s"><caption lane="1" name="words" offset="0s" duration="2s"/>'
        '<asset-clip ref="w" name="early" lane="-1" offset="-9s" duration="4s"/>'
        '<asset-clip ref="w" name="half" lane="-1" offset="-2s" duration="4s"/>'
        '</asset-clip><mc-clip ref="none" name="lost" offset="4s" duration="2s"/><strange offset="6s" name="odd" duration="2s"/>'
        '<transition name="Cross Dissolve" offset="20s" duration="1s"/>',
    )
    for whom in ("words", "early", "lost", "odd", "Transitions that stand between no clips"):
        assert noted(back, whom), whom
    assert ("audio", [("half", 50, 50, 1)]) in told(back.edit)


def test_a_part_without_a_start_begins_where_its_asset_does(tmp_path):
    back = _cut(tmp_path, '<asset-clip ref="h" offset="0s" duration="4s"/><asset-clip ref="h" offset="4s" start="3602s" duration="4s"/>')
    assert told(back.edit) == [("video", [("H", 0, 100, 1), ("H", 50, 100, 1)])]


def test_the_sound_of_a_sequence_within_a_kdenlive_sequence_is_heard(tmp_path):
    piece = random_timelines.Piece
    inner = (("video", (piece(name="v", length=40),)), ("audio", (piece(name="a", length=30),)))
    nest = piece(name="n", length=20, start=15, tracks=inner)
    random_timelines.WRITERS[".kdenlive"]((("video", (nest,)), ("audio", (piece(length=5), nest))), tmp_path / "a.kdenlive")
    back = read_edit(tmp_path / "a.kdenlive")
    assert told(back.edit) == [("video", [("v", 15, 20, 1)]), ("audio", [5, ("a", 15, 15, 1), 5])]


def test_a_clip_without_length_behind_a_gap_moves_nothing(tmp_path):
    piece = random_timelines.Piece
    pieces = (piece(length=16), piece(name="empty", length=0), piece(name="v", length=4))
    random_timelines.WRITERS[".xml"]((("video", pieces),), tmp_path / "a.xml")
    back = read_edit(tmp_path / "a.xml")
    assert told(back.edit) == [("video", [16, ("v", 0, 4, 1)])]
    assert any("“empty”" in note for note in back.notes)


# Nothing is dropped without a line ------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _all_are_named(monkeypatch):
    monkeypatch.setattr(noting, "NAMED", 10_000)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tracks=random_timelines.trees())
@pytest.mark.parametrize("ending", random_timelines.WRITERS)
def test_whatever_lies_in_a_timeline_comes_in_or_is_named_in_the_report(ending, tracks, tmp_path):
    if ending in (".mlt", ".kdenlive"):  # they retime files only
        tracks = random_timelines.at_own_speed(tracks)
    path = tmp_path / f"random{ending}"
    random_timelines.WRITERS[ending](tracks, path)
    if not any(piece.length for _, pieces in tracks for piece in pieces):
        return  # no length, no rate
    back = read_edit(path)
    names = {item.name for track in back.edit.tracks for item in track.items if isinstance(item, Clip)}
    report = " ".join(note for note in back.notes if not note.startswith(("A nested timeline came in", "Media are missing", "Shows more")))
    for name, within in random_timelines.shown(tracks):
        assert name in names or any(f"“{one}”" in report for one in (name, *within)), (name, within, back.notes)


CHANNELS = st.sampled_from(["V", "V2", "A", "A2", "AA", "B", "AA/V", "NONE", "X9", "A1A2"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.tuples(CHANNELS, st.integers(0, 40), st.integers(-5, 40), st.booleans()), min_size=1, max_size=8),
    begin=st.sampled_from([0, 86_380, 3590, 36_000]),
)
def test_whatever_an_edit_list_says_comes_in_or_is_named_in_the_report(events, begin, tmp_path):
    place, lines = begin * 25, []
    for number, (channel, skip, length, has_aud) in enumerate(events, 1):
        place += skip
        lines.append(_event(number, channel, _timecode(place), _timecode(place + length), name=f"c{number}c.mov"))
        lines += ["AUD  3  4"] if has_aud else []
        place += max(0, length)
    back = _list(tmp_path, *lines)
    names = {item.name for track in back.edit.tracks for item in track.items if isinstance(item, Clip)}
    for number in range(1, len(events) + 1):
        assert f"c{number}c.mov" in names or noted(back, f"“c{number}c.mov”"), (number, back.notes)


def _timecode(frame):
    seconds, frames = divmod(frame, 25)
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"
