"""The first film, by mouse and keyboard in Blender's real window. Its pictures are kept: look at them."""


def test_the_first_film_undo_redo_playback_and_cancel(play):
    result = play("generate", CHROMASTRIP_FAULT="slow@0.1")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
