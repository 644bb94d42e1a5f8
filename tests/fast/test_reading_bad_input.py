"""Files that are damaged, hostile, or from a newer program: a clear report, nothing half-written, nothing outside the chosen folder."""

import contextlib
import json
import os
import tracemalloc
import zipfile

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.handover import bundles, reading
from core.handover.export import register_adapters
from core.handover.reading import ADAPTERS, read_edit
from core.protocol import UserError
from core.working import CancelledError
from tools.environments import ROOT

GOLDEN = sorted((ROOT / "tests" / "golden").iterdir())


def _time(value, rate):
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value}


def _range(start, length, rate=25.0):
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(length, rate)}


def _clip(*, schema="Clip.2", span=None, url="/m/a.mov", available=None, **more):
    reference = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": url, "available_range": available}
    references = {"media_references": {"DEFAULT_MEDIA": reference}, "active_media_reference_key": "DEFAULT_MEDIA"}
    return {"OTIO_SCHEMA": schema, "name": "Clip", "source_range": span or _range(0, 10), **references, **more}


def _names(folder):
    return [path.name for path in folder.iterdir()]


def _timeline(*children, **more):
    track = {"OTIO_SCHEMA": "Track.1", "name": "V1", "kind": "Video", "children": list(children)}
    return {"OTIO_SCHEMA": "Timeline.1", "name": "Made", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [track]}, **more}


def _read(tmp_path, value, name="a.otio"):
    (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return read_edit(tmp_path / name)


# OpenTimelineIO -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0, -25, 48_000, 1e300])
def test_rates_that_no_timeline_has_are_refused(tmp_path, rate):
    with pytest.raises(UserError, match="frames a second"):
        _read(tmp_path, _timeline(_clip(span=_range(0, 10, rate))))


def test_sound_may_count_in_samples_where_pictures_count_in_frames(tmp_path):
    sound = {"OTIO_SCHEMA": "Track.1", "name": "A1", "kind": "Audio", "children": [_clip(span=_range(48_000, 96_000, 48_000.0))]}
    timeline = _timeline(_clip())
    timeline["tracks"]["children"].insert(0, sound)
    edit = _read(tmp_path, timeline).edit
    assert edit.fps == 25
    assert (edit.tracks[0].items[0].source_start, edit.tracks[0].items[0].frame_count) == (25, 50)


@pytest.mark.parametrize("length", [0, -5, 0.2])
def test_clips_without_a_length_are_left_out_and_named(tmp_path, length):
    read = _read(tmp_path, _timeline(_clip(span=_range(0, length)), _clip()))
    assert [item.frame_count for item in read.edit.tracks[0].items] == [10]
    assert any(note.startswith("Left out") and "“Clip”" in note for note in read.notes)


def test_clips_longer_than_their_media_are_named_and_kept(tmp_path):
    read = _read(tmp_path, _timeline(_clip(span=_range(90, 20), available=_range(0, 100))))
    assert read.edit.tracks[0].items[0].frame_count == 20
    assert "Shows more than its media hold: “Clip”." in read.notes


def test_many_faults_of_one_kind_are_one_sentence(tmp_path):
    blur = {"OTIO_SCHEMA": "Effect.1", "effect_name": "Blur", "name": ""}
    read = _read(tmp_path, _timeline(*({**_clip(effects=[blur]), "name": f"C{number}"} for number in range(40))))
    assert "The effect “Blur” is left out: “C0”, “C1”, “C2”, “C3”, “C4” and 35 more." in read.notes


def test_newer_versions_are_read_as_far_as_they_are_known(tmp_path):
    read = _read(tmp_path, _timeline(_clip(schema="Clip.9")))
    assert len(read.edit.tracks[0].items) == 1
    assert any("Clip.9" in note for note in read.notes)


def test_unknown_kinds_leave_a_gap_of_their_length_and_a_note(tmp_path):
    unknown = {"OTIO_SCHEMA": "Adjustment.1", "name": "Layer", "source_range": _range(0, 7)}
    effect = {"OTIO_SCHEMA": "NewEffect.1", "name": "x"}
    read = _read(tmp_path, _timeline(unknown, _clip(effects=[effect])))
    gap, clip = read.edit.tracks[0].items
    assert (type(gap).__name__, gap.frame_count, clip.frame_count) == ("Gap", 7, 10)
    assert any("Adjustment" in note for note in read.notes)
    assert any("NewEffect" in note for note in read.notes)


def test_json_nested_too_deeply_ends_in_a_sentence_and_not_the_process(tmp_path):
    with pytest.raises(UserError, match="damaged"):
        _read(tmp_path, '{"OTIO_SCHEMA":"Timeline.1","metadata":' + "[" * 10**6 + "]" * 10**6 + "}")


def test_timelines_nested_in_themselves_and_in_each_other_come_in_or_leave_a_gap(tmp_path):
    inner = _timeline(_clip(), _clip())["tracks"] | {"name": "Nest", "source_range": _range(5, 10)}
    read = _read(tmp_path, _timeline(inner))
    assert [(item.source_start, item.frame_count) for item in read.edit.tracks[0].items] == [(5, 5), (0, 5)]
    assert any("nested" in note for note in read.notes)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "\0", "not json", '{"OTIO_SCHEMA":"Timeline.1"}', '{"OTIO_SCHEMA":"Clip.2"}'])
@pytest.mark.parametrize("ending", ADAPTERS)
def test_damaged_files_are_named(tmp_path, ending, text):
    with pytest.raises(UserError) as refusal:
        _read(tmp_path, text, f"name{ending}")
    assert "name" in refusal.value.cause or "timeline" in refusal.value.cause
    assert _names(tmp_path) == [f"name{ending}"]


@pytest.mark.parametrize("file", GOLDEN, ids=lambda path: path.name)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_damaged_byte_is_a_sentence_or_another_timeline(tmp_path_factory, file, data):
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=3))
    damaged = tmp_path_factory.mktemp("damaged") / file.name
    damaged.write_bytes(content)
    with contextlib.suppress(UserError):
        read_edit(damaged)


@contextlib.contextmanager
def _little_memory():
    """Whatever is done here takes less than 50 MB; ten to the power of a billion would take 400, and minutes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "a.otio").open("wb") as file:
        file.truncate(1_000_000_000)  # takes no room
    with _little_memory(), pytest.raises(UserError, match="1000 MB"):
        read_edit(tmp_path / "a.otio")


def test_files_that_are_not_there_or_of_another_kind_are_named(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        read_edit(tmp_path / "none.otio")
    (tmp_path / "folder.mlt").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        read_edit(tmp_path / "folder.mlt")
    with pytest.raises(UserError, match="names no format") as refusal:
        read_edit(tmp_path / "a.aaf")
    assert ".kdenlive" in refusal.value.cure


# XML ------------------------------------------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize("ending", [".mlt", ".kdenlive", ".xml", ".fcpxml"])
@pytest.mark.parametrize(
    "declared",
    [
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE x [<!ENTITY l11 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY % p "">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused(tmp_path, ending, declared, encoding):
    (tmp_path / f"a{ending}").write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{declared}<x>&l11;</x>'.encode(encoding))
    with pytest.raises(UserError, match="entities"):
        read_edit(tmp_path / f"a{ending}")


def test_an_unknown_encoding_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="damaged"):
        _read(tmp_path, '<?xml version="1.0" encoding="no-such"?><mlt/>', "a.mlt")


def test_a_clip_before_the_beginning_is_left_out_and_named(tmp_path):
    read = _read(
        tmp_path,
        '<fcpxml><resources><format id="r1" frameDuration="1/25s"/></resources><project><sequence format="r1" tcStart="3600s"><spine>'
        '<video name="Early" offset="0s" duration="1s"/><video name="Right" offset="3600s" duration="1s"/></spine></sequence></project>'
        "</fcpxml>",
        "a.fcpxml",
    )
    assert [item.frame_count for item in read.edit.tracks[0].items] == [25]
    assert any("“Early”" in note for note in read.notes)


def test_mlt_tractors_that_hold_themselves_leave_a_gap(tmp_path):
    read = _read(
        tmp_path,
        '<mlt><profile frame_rate_num="25" frame_rate_den="1"/><playlist id="p"><entry producer="t" in="0" out="9"/></playlist>'
        '<tractor id="t" in="0" out="9"><track producer="p"/></tractor></mlt>',
        "a.mlt",
    )
    assert {type(item).__name__ for track in read.edit.tracks for item in track.items} == {"Gap"}
    assert any("gap" in note for note in read.notes)


MONSTER = "1e999999999"
MONSTERS = {
    ".mlt": f'<mlt><profile frame_rate_num="25" frame_rate_den="1"/><producer id="a" in="0" out="9"><property name="mlt_service">timewarp'
    f'</property><property name="warp_speed">{MONSTER}</property></producer><playlist id="p"><entry producer="a" in="0:{MONSTER}" out="9"/>'
    "</playlist></mlt>",
    ".xml": "<xmeml><sequence><rate><timebase>25</timebase></rate><media><video><track><clipitem>"
    f"<start>{MONSTER}</start><end>9</end></clipitem></track></video></media></sequence></xmeml>",
    ".fcpxml": '<fcpxml><resources><format id="r1" frameDuration="1/25s"/></resources><project><sequence format="r1"><spine>'
    f'<gap offset="{MONSTER}s" duration="{MONSTER}/3s"/></spine></sequence></project></fcpxml>',
    ".otio": json.dumps(_timeline(_clip(), metadata={"chromastrip": {"fps": MONSTER}})),
    ".edl": f"001  AX  V  C  00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n* CHROMASTRIP RATE: {MONSTER}\n* {'x ' * 10**6}\n",
}


@pytest.mark.parametrize("ending", MONSTERS)
def test_monstrous_numbers_are_never_worked_out(tmp_path, ending):
    with _little_memory(), contextlib.suppress(UserError):
        _read(tmp_path, MONSTERS[ending], f"a{ending}")


def test_monstrous_lengths_and_numbers_of_digits_take_no_memory(tmp_path):
    sequence = {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "target_url_base": "/f/",
        "name_prefix": "a",
        "name_suffix": ".png",
        "start_frame": 1,
        "frame_step": 1,
        "rate": 25.0,
        "frame_zero_padding": 2**31 - 1,
        "available_range": _range(0, 1e15),
        "missing_frame_policy": "error",
    }
    clip = _clip() | {"media_references": {"DEFAULT_MEDIA": sequence}}
    read = _read(tmp_path, _timeline(clip, _clip(span=_range(0, 1e15)), _clip(span=_range(1e15, 10))))
    (item,) = read.edit.tracks[0].items
    assert item.media.digits < 100
    assert item.media.frame_count < 10**7
    assert any("longer than a year" in note for note in read.notes)


def test_nested_timelines_that_multiply_are_refused(tmp_path, monkeypatch):
    register_adapters()
    monkeypatch.setattr(otio.adapters.from_name("chromastrip_mlt").module(), "MOST_PIECES", 1000)
    levels = "".join(
        f'<playlist id="p{n}">{f"""<entry producer="t{n - 1}" in="0" out="9"/>""" * 20}</playlist><tractor id="t{n}" in="0" out="9">'
        f'<track producer="p{n}"/></tractor>'
        for n in range(1, 15)
    )
    leaf = '<producer id="t0" in="0" out="9"><property name="resource">a.mov</property></producer>'
    with pytest.raises(UserError, match="stands for more than"):
        _read(tmp_path, f'<mlt><profile frame_rate_num="25" frame_rate_den="1"/>{leaf}{levels}</mlt>', "a.mlt")


@pytest.mark.parametrize("rate", ["0", "-25", "48000"])
def test_rates_of_projects_are_held_against_the_same_rule(tmp_path, rate):
    with pytest.raises(UserError):
        _read(tmp_path, f'<mlt><profile frame_rate_num="{rate}" frame_rate_den="1"/><playlist id="p"/></mlt>', "a.mlt")
    with pytest.raises(UserError):
        _read(tmp_path, f"<xmeml><sequence><rate><timebase>{rate}</timebase></rate><media/></sequence></xmeml>", "a.xml")


# Paths and bundles ----------------------------------------------------------------------------------------------------------------------


def test_paths_of_another_machine_are_kept_and_named(tmp_path):
    for url in ("D:\\films\\a.mov", "/Volumes/none/a.mov", "file:///Z:/a.mov"):
        read = _read(tmp_path, _timeline(_clip(url=url)))
        assert read.edit.tracks[0].items[0].media.path.replace("\\", "/").endswith("a.mov")
        assert any(note.startswith("Media are missing") for note in read.notes)


def _bundle(path, members, content=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("version.txt", "1.0.0")
        if content is not False:
            bundle.writestr("content.otio", json.dumps(content or _timeline(_clip(url="media/a.mov"))))
        for name, data in members.items():
            bundle.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../out.mov", "media/../../out.mov", "/tmp/out.mov", "C:/out.mov", "media\\..\\out.mov", "media/nul.mov"])
def test_a_bundle_writes_nothing_outside_its_folder(tmp_path, name):
    _bundle(tmp_path / "a.otioz", {"media/a.mov": b"good", name: b"bad"})
    with pytest.raises(UserError, match="outside"):
        read_edit(tmp_path / "a.otioz", media_folder=tmp_path / "media")
    assert _names(tmp_path) == ["a.otioz"]


def test_a_bundle_follows_no_links(tmp_path):
    link = zipfile.ZipInfo("media")
    link.external_attr = 0o120777 << 16
    _bundle(tmp_path / "a.otioz", {link: "/tmp"})
    with pytest.raises(UserError, match="outside"):
        read_edit(tmp_path / "a.otioz", media_folder=tmp_path / "there")
    (tmp_path / "there").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "there" / "media").symlink_to(tmp_path / "elsewhere")
    _bundle(tmp_path / "b.otioz", {"media/a.mov": b"x"})
    with pytest.raises(UserError, match="leads out"):
        read_edit(tmp_path / "b.otioz", media_folder=tmp_path / "there")
    assert _names(tmp_path / "elsewhere") == []


def test_a_bundle_bomb_is_refused(tmp_path):
    _bundle(tmp_path / "a.otioz", {"media/a.mov": bytes(bundles.SMALL_BYTES + 1)})
    with pytest.raises(UserError, match="would grow"):
        read_edit(tmp_path / "a.otioz", media_folder=tmp_path / "media")
    assert _names(tmp_path) == ["a.otioz"]


def test_a_bundles_timeline_may_not_be_a_bomb_either(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_BYTES", 1000)
    _bundle(tmp_path / "a.otioz", {}, content=_timeline(_clip(), metadata={"x": "0" * 10**6}))
    with pytest.raises(UserError, match="more than"):
        read_edit(tmp_path / "a.otioz")


def test_a_damaged_bundle_leaves_nothing(tmp_path):
    path = _bundle(tmp_path / "a.otioz", {"media/a.mov": os.urandom(5000), "media/b.mov": os.urandom(5000)})
    content = bytearray(path.read_bytes())
    place = content.index(b"media/b.mov") + 3000
    content[place : place + 10] = bytes(10)
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        read_edit(path, media_folder=tmp_path / "media")
    assert _names(tmp_path) == ["a.otioz"]
    with pytest.raises(UserError, match=r"content\.otio"):
        read_edit(_bundle(tmp_path / "b.otioz", {}, content=False))


def test_a_cancelled_bundle_leaves_nothing(tmp_path):
    path = _bundle(tmp_path / "a.otioz", {f"media/{number}.mov": b"x" for number in range(9)})
    asked = []
    with pytest.raises(CancelledError):
        read_edit(path, media_folder=tmp_path / "media", cancelled=lambda: asked.append(1) or len(asked) > 5)
    assert _names(tmp_path) == ["a.otioz"]


def test_a_bundle_is_unpacked_once(tmp_path):
    path = _bundle(tmp_path / "a.otioz", {"media/a.mov": b"x" * 100})
    first = read_edit(path)
    before = (tmp_path / "a_media" / "media" / "a.mov").stat().st_mtime_ns
    assert read_edit(path) == first
    assert (tmp_path / "a_media" / "media" / "a.mov").stat().st_mtime_ns == before
    assert first.edit.tracks[0].items[0].media.path == str(tmp_path / "a_media" / "media" / "a.mov")


def test_bundles_of_opentimelineio_itself_are_read(tmp_path):
    (tmp_path / "a.mov").write_bytes(b"x")
    made = otio.adapters.read_from_string(json.dumps(_timeline(_clip(url=str(tmp_path / "a.mov"), available=_range(0, 50)))), "otio_json")
    otio.adapters.write_to_file(made, str(tmp_path / "b.otioz"), "otioz")
    read = read_edit(tmp_path / "b.otioz", media_folder=tmp_path / "out")
    assert read.edit.tracks[0].items[0].media.path == str(tmp_path / "out" / "media" / "a.mov")
    assert read.notes == ()
