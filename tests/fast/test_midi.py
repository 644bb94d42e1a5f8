"""A MIDI file gives beats, bars, hits and notes as a sound does, at exact times."""

import itertools
from fractions import Fraction

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.latents import direct, latents_of
from core.protocol import Settings, Stem, UserError
from core.sound import midi
from core.sound.features import CONTROL_RATE
from core.sound.listening import listen
from core.walk import impulses
from core.walk.direction import Song
from tests import films, midi_files, sounds
from tests.midi_files import HAT, KICK, QUARTER, SNARE, on_beats

SLOW, FAST = 600_000, 400_000  # microseconds a quarter: 100 and 150 beats a minute


@pytest.fixture
def song(tmp_path):
    return sounds.write(tmp_path / "tone.wav", sounds.melody(seconds=8), 22_050)


def band_file(folder, **options):
    """Kick on each beat, a loud snare on every second one, a piano that changes its chord each bar."""
    chords = [(bar * 4 * QUARTER, 4 * QUARTER, key, 80) for bar, key in enumerate((60, 65, 67, 60))]
    drums = [*on_beats(16, KICK, 64), *on_beats(8, SNARE, 127, every=2 * QUARTER, first=QUARTER)]
    return midi_files.write(folder / "band.mid", [("Piano", 1, chords), ("Drums", 10, drums)], tempos=[(0, 500_000)], **options)


# Time -----------------------------------------------------------------------------------------------------------------------------------


def test_tempo_changes_move_all_that_follows(tmp_path):
    path = midi_files.write(tmp_path / "a.mid", [("", 1, on_beats(8, 60))], tempos=[(0, SLOW), (3 * QUARTER + 240, FAST)])
    score = midi.read(path)
    beats, bars = score.tempo_map.grid(Fraction(4))
    at_change = Fraction(35, 10) * Fraction(6, 10)
    expected = [Fraction(6, 10) * n for n in range(4)] + [at_change + Fraction(4, 10) * (n + Fraction(1, 2)) for n in range(5)]
    assert list(beats) == expected[: len(beats)]
    assert len(beats) == 9
    assert bars == (beats[0], beats[4], beats[8])
    assert [note.start for note in score.notes] == list(beats[:8])


def test_time_signatures_say_where_bars_begin_and_end_what_they_interrupt(tmp_path):
    signatures = [(0, 3, 4), (6 * QUARTER, 6, 8), (10 * QUARTER, 4, 4)]  # two bars of 3/4, one and a third of 6/8
    path = midi_files.write(tmp_path / "a.mid", tempos=[(0, 500_000)], signatures=signatures)
    beats, bars = midi.read(path).tempo_map.grid(Fraction(7))
    assert bars == (0, Fraction(3, 2), 3, Fraction(9, 2), 5)
    assert beats[6:10] == (3, Fraction(15, 4), Fraction(9, 2), 5)  # three eighths are a beat of 6/8


TICKS = st.integers(0, 20_000)
MAPS = st.builds(
    lambda quarter, tempos, signatures: midi.TempoMap(
        ticks_a_quarter=quarter,
        tempos=tuple(sorted(({0: midi.STANDARD_TEMPO} | tempos).items())),
        signatures=tuple(midi.TimeSignature(tick=t, beats=b, unit=u) for t, (b, u) in sorted(({0: (4, 4)} | signatures).items())),
    ),
    st.integers(24, 960),
    st.dictionaries(TICKS, st.integers(200_000, 2_000_000), max_size=6),
    st.dictionaries(TICKS, st.tuples(st.integers(1, 13), st.sampled_from([2, 4, 8, 16])), max_size=4),
)


@given(tempo_map=MAPS, ticks=st.lists(TICKS, max_size=5))
@settings(max_examples=60, deadline=None)
def test_seconds_are_the_sum_of_all_ticks_before(tempo_map, ticks):
    def slowly(tick):
        edges = [*(at for at, _ in tempo_map.tempos if at < tick), tick]
        return sum(
            (
                Fraction((b - a) * t, tempo_map.ticks_a_quarter * 1_000_000)
                for a, b, (_, t) in zip(edges, edges[1:], tempo_map.tempos, strict=False)
            ),
            Fraction(0),
        )

    assert [tempo_map.seconds(tick) for tick in ticks] == [slowly(tick) for tick in ticks]


@given(tempo_map=MAPS)
@settings(max_examples=60, deadline=None)
def test_beats_rise_every_bar_begins_on_one_and_every_signature_begins_a_bar(tempo_map):
    until = Fraction(20)
    beats, bars = tempo_map.grid(until)
    assert all(a < b for a, b in itertools.pairwise(beats))
    assert beats[0] == bars[0] == 0
    assert set(bars) <= set(beats)
    assert beats[-1] < until
    assert {second for one in tempo_map.signatures if (second := tempo_map.seconds(one.tick)) < until} <= set(bars)


@given(tempo_map=MAPS)
@settings(max_examples=30, deadline=None)
def test_a_file_says_what_was_written_into_it(tempo_map, tmp_path_factory):
    path = midi_files.write(
        tmp_path_factory.mktemp("midi") / "a.mid",
        tempos=tempo_map.tempos,
        signatures=[(one.tick, one.beats, one.unit) for one in tempo_map.signatures],
        quarter=tempo_map.ticks_a_quarter,
    )
    assert midi.read(path).tempo_map == tempo_map


# What it drives -------------------------------------------------------------------------------------------------------------------------


def drums_of(folder, *, seconds=8, offset=Fraction(0)):
    score = midi.read(band_file(folder))
    return midi.features(midi.moving(score, ""), control_frames=round(seconds * CONTROL_RATE), offset_seconds=offset)


def test_each_drum_note_is_a_hit_in_its_own_frame_as_strong_as_its_velocity(tmp_path):
    struck = impulses.hits(drums_of(tmp_path), split=1.0)
    frames = np.flatnonzero(struck.sum(axis=0))
    assert frames.tolist() == [round(float(n * CONTROL_RATE / 2)) for n in range(16)]
    strengths = struck.sum(axis=0)[frames]
    assert strengths[1::2].min() > 1.5 * strengths[::2].max()


def test_a_kick_is_low_and_a_hi_hat_is_high(tmp_path):
    path = midi_files.write(tmp_path / "a.mid", [("", 10, [(QUARTER, 10, KICK, 90), (3 * QUARTER, 10, HAT, 90)])])
    heard = midi.features(midi.read(path).notes, control_frames=100, offset_seconds=Fraction(0))
    struck = impulses.hits(heard, split=0.0)
    (kick, hat) = np.flatnonzero(struck.sum(axis=0))
    assert struck[:, kick].argmax() == 0
    assert struck[:, hat].argmax() == 2


@pytest.mark.parametrize("offset", [Fraction(-1, 3), Fraction(1, 4)])
def test_the_offset_moves_hits_and_silence_stays_silent(tmp_path, offset):
    heard = drums_of(tmp_path, offset=offset)
    assert np.flatnonzero(heard.onset_strength).min() == round(
        float(max(-offset, Fraction(1, 2) - offset if offset > 0 else -offset) * CONTROL_RATE)
    )
    longer = drums_of(tmp_path, seconds=20)
    assert not any(getattr(longer, name)[..., round(9 * CONTROL_RATE) :].any() for name in ("energy", "bands", "onset_strength", "chroma"))


def test_chroma_holds_the_notes_that_sound(tmp_path):
    score = midi.read(band_file(tmp_path))
    heard = midi.features(midi.sounding(score, ""), control_frames=round(8 * CONTROL_RATE), offset_seconds=Fraction(0))
    middles = [round(float((2 * bar + 1) * CONTROL_RATE)) for bar in range(4)]
    assert [np.flatnonzero(heard.chroma[:, frame]).tolist() for frame in middles] == [[0], [5], [7], [0]]


def test_drums_move_the_film_and_the_others_change_its_things_on_exact_bars(tmp_path, song):
    path = str(band_file(tmp_path))
    asked = films.request(tmp_path, song, frame_count=200, settings=Settings())
    driven = films.request(
        tmp_path, song, frame_count=200, settings=Settings(), motion_stem=Stem(sound_path=path), class_stem=Stem(sound_path=path)
    )
    plain, heard = listen(asked), listen(driven)
    assert heard.bars_seconds == (0, 2, 4, 6, 8)[: len(heard.bars_seconds)]
    np.testing.assert_array_equal(heard.beat_times[:16], np.arange(16) / 2)
    assert not np.array_equal(latents_of(driven, heard).noise, latents_of(asked, plain).noise)
    assert {cue.start_seconds for cue in direct(driven, heard).cues} <= {0, 2, 4, 6}
    np.testing.assert_allclose(Song(heard).bar_lines[:3], [2, 4, 6], atol=1e-6)


def test_a_role_that_takes_no_notes_keeps_the_songs_own_and_the_tempo_map_counts(tmp_path, song):
    stem = Stem(sound_path=str(band_file(tmp_path)), notes="none", source_start_seconds=Fraction(-1, 4))
    plain, heard = (listen(films.request(tmp_path, song, motion_stem=one)) for one in (None, stem))
    np.testing.assert_array_equal(heard.onset_strength, plain.onset_strength)
    assert heard.beat_times[0] == 0.25
    assert heard.bars_seconds[:2] == (Fraction(1, 4), Fraction(9, 4))


@pytest.mark.parametrize(
    ("said", "count"), [("10", 24), ("10:36", 16), ("drums", 24), ("Piano, 10:38", 12), ("all", 28), ("none", 0), ("", 24)]
)
def test_notes_are_named_by_channel_key_or_track(tmp_path, said, count):
    assert len(midi.moving(midi.read(band_file(tmp_path)), said)) == count


def test_without_drums_all_notes_move_and_without_others_drums_give_the_things(tmp_path):
    piano = midi.read(midi_files.write(tmp_path / "a.mid", [("", 1, on_beats(4, 60))]))
    drums = midi.read(midi_files.write(tmp_path / "b.mid", [("", 10, on_beats(4, 36))]))
    assert midi.moving(piano, "") == piano.notes
    assert midi.sounding(drums, "") == drums.notes


# Bad input ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("division", "kind", "cause"), [(QUARTER, 2, "type 2"), (-6360, 1, "SMPTE"), (0, 1, "no length")], ids=["type 2", "SMPTE", "zero"]
)
def test_files_without_one_count_of_beats_are_refused(tmp_path, division, kind, cause):
    path = midi_files.write(tmp_path / "a.mid", [("", 1, on_beats(4, 60))])
    content = bytearray(path.read_bytes())
    content[8:10], content[12:14] = kind.to_bytes(2), division.to_bytes(2, signed=True)
    path.write_bytes(content)
    with pytest.raises(UserError, match=cause):
        midi.read(path)


@pytest.mark.parametrize("content", [b"", b"RIFF of another kind", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\xff\0", b"MThd"])
def test_what_is_no_midi_file_is_told_so(tmp_path, content):
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mid"):
        midi.read(tmp_path / "a.mid")


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"tempos": [(0, 0)]}, "tempo of 0"),
        ({"tempos": [(0, 500_000), (960, 3)]}, "follow each other"),
        ({}, "neither notes nor a tempo"),
        ({"tempos": [(0, 500_000)], "signatures": [(0, 4, 128)]}, "4/128"),
    ],
)
def test_what_cannot_be_counted_is_refused(tmp_path, options, cause):
    with pytest.raises(UserError, match=cause):
        midi.read(midi_files.write(tmp_path / "a.mid", **options))


def test_notes_that_never_end_sound_until_the_file_does_and_it_is_said(tmp_path):
    file = mido.MidiFile(ticks_per_beat=QUARTER)
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.Message("note_on", note=60, velocity=90),
                mido.Message("note_on", note=62, time=QUARTER),
                mido.MetaMessage("end_of_track", time=QUARTER),
            ]
        )
    )
    file.save(tmp_path / "a.mid")
    score = midi.read(tmp_path / "a.mid")
    assert [note.end for note in score.notes] == [1, 1]
    assert "2 notes" in score.warnings[0]


def test_names_that_no_note_has_are_told_with_those_that_are_there(tmp_path):
    with pytest.raises(UserError, match="no notes “flute”") as told:
        midi.moving(midi.read(band_file(tmp_path)), "drums, flute")
    assert "1, 10" in told.value.cure
    assert "Drums, Piano" in told.value.cure


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_give_a_score_or_a_sentence(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(band_file(folder, signatures=[(0, 3, 4)]).read_bytes()[:400])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    (folder / "a.mid").write_bytes(content)
    try:
        score = midi.read(folder / "a.mid")
    except UserError:
        return
    heard = midi.features(score.notes, control_frames=100, offset_seconds=Fraction(0))
    assert len(heard.energy) == 100
    assert np.isfinite(heard.energy).all()
    score.tempo_map.grid(Fraction(10))
