"""Two sounds mixed in the background, a mirrored film and its pieces, in Blender's real window. Its pictures are kept: look at them."""


def test_a_mix_a_mirrored_film_and_its_pieces(play):
    result = play("sources")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
