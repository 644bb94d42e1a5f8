"""`python -m core analyse`."""

import json

import numpy as np
import pytest

from core import command_line
from core.sound import audio
from tests import sounds


@pytest.fixture
def song(tmp_path):
    return sounds.write(tmp_path / "song.wav", sounds.click_track(seconds=6))


def analyse(capsys, tmp_path, sound, *options):
    code = command_line.main(["analyse", str(sound), "--cache", str(tmp_path / "cache"), *options])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_it_tells_what_is_heard(capsys, tmp_path, song):
    code, told, _ = analyse(capsys, tmp_path, song)
    assert code == 0
    lines = told.splitlines()
    assert lines[0] == f"{song}, 0:06.0"
    assert lines[1].startswith("tempo    120 beats a minute, 1")
    assert {"A", "C#", "E"} == {word.split()[0] for word in lines[2].removeprefix("pitch").split(",")[:3]}
    assert lines[3].startswith("loudness low")
    assert lines[4].startswith("part 1")


def test_json_holds_it_all_on_one_line(capsys, tmp_path, song):
    code, told, _ = analyse(capsys, tmp_path, song, "--json")
    assert code == 0
    (line,) = told.splitlines()
    heard = json.loads(line)
    assert heard["seconds"] == pytest.approx(6, abs=0.03)
    assert heard["tempo"] == pytest.approx(120, abs=0.5)
    assert all(np.abs(sounds.click_times(6) - time).min() < 0.03 for time in heard["beats_seconds"])
    assert sum(heard["pitch_classes"].values()) == pytest.approx(1, abs=0.01)
    assert list(heard["pitch_classes"].values()) == sorted(heard["pitch_classes"].values(), reverse=True)
    assert max(heard["bands_db"].values()) == 0
    (part,) = heard["parts"]
    assert part == {"start_seconds": 0.0, "end_seconds": pytest.approx(6, abs=0.03), "label": "A", "likeness": 0.0, "alike": None}


def test_all_curves_can_be_kept(capsys, tmp_path, song):
    out = tmp_path / "curves" / "song.npz"
    assert analyse(capsys, tmp_path, song, "--out", str(out))[0] == 0
    with np.load(out) as curves:
        assert set(curves) >= {"chroma", "harmonic_chroma", "onset_strength", "percussive_onset_strength", "bands", "beat_times", "tempo"}
        assert curves["chroma"].shape == (12, 1 + 6 * audio.SAMPLE_RATE // 512)


def test_silence_is_told_as_such(capsys, tmp_path):
    silence = sounds.write(tmp_path / "silence.wav", np.zeros(sounds.RATE, np.float32))
    code, told, _ = analyse(capsys, tmp_path, silence)
    assert code == 0
    assert told.splitlines()[1:4] == ["tempo    no beats", "pitch    none", "loudness silence"]
    heard = json.loads(analyse(capsys, tmp_path, silence, "--json")[1])
    assert heard["pitch_classes"] == {}
    assert set(heard["bands_db"].values()) == {None}


def test_what_is_no_sound_is_refused(capsys, tmp_path):
    code, told, complaint = analyse(capsys, tmp_path, tmp_path / "gone.wav")
    assert (code, told) == (1, "")
    assert "There is no file" in complaint
    code, _, complaint = analyse(capsys, tmp_path, sounds.write_bad(tmp_path, "text"))
    assert code == 1
    assert "→" in complaint
