"""Films that fill while they are drawn, in Blender's real window. Its pictures are kept: look at them."""

from core.pictures import read_picture
from core.sync_card import read_card

PREVIEW = slice(54, 430), slice(517, 1186)  # where the picture is on the screen: rows, columns


def test_a_film_fills_while_one_plays_another_waits_and_a_crash_loses_nothing(play):
    result = play("filling", CHROMASTRIP_FAULT="slow@0.06")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
    assert read_card(read_picture(result.out / "full.png")[PREVIEW]) == (13, 0)
