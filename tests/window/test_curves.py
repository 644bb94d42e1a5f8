"""Keyframes on settings, the status bar, and curves over strips, in Blender's real window. Its pictures are kept: look at them."""


def test_a_number_is_keyed_by_hand_and_curves_are_seen(play):
    result = play("curves")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
