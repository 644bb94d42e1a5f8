"""Export and import in Blender's real window, undone by Ctrl+Z. Its pictures are kept: look at them."""


def test_a_timeline_goes_out_and_comes_back(play):
    result = play("hand_over")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
