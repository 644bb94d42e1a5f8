"""What an editor does in an afternoon, by mouse in Blender's real window. Its pictures are kept: look at them."""

from tools.environments import ROOT


def test_things_lyrics_queue_fit_and_split(play):
    result = play("editing", WINDOW_LYRICS=str(ROOT / "tools" / "demo_song.lrc"))
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
