"""The first film of somebody who has read only the README, by mouse, from a song in a folder."""

import soundfile

from tools.environments import ROOT


def test_a_song_becomes_a_film_in_three_clicks(play, tmp_path):
    song = tmp_path / "song.wav"  # dropped .ogg files make Blender ask whether they are movies
    samples, rate = soundfile.read(ROOT / "tools" / "demo_song.ogg")
    soundfile.write(song, samples[: 8 * rate], rate)
    result = play("first_strip", WINDOW_WAV=str(song))
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
