"""Things and lyrics, by mouse and keyboard in Blender's real window. Its pictures are kept: look at them."""


def test_things_are_searched_and_lines_are_timed_by_hand(play):
    result = play("things")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
