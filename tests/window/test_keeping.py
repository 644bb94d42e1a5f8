"""Files cleaned up and moved along, in Blender's real window. Its pictures are kept: look at them."""


def test_strips_show_their_state_and_files_are_cleaned_up_and_moved_along(play):
    result = play("keeping")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
