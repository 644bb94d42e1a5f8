"""A piece of a film drawn again, by mouse and keyboard in Blender's real window. Its pictures are kept: look at them."""


def test_a_piece_is_split_changed_and_drawn_again_and_beats_are_marked(play):
    result = play("sections")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
