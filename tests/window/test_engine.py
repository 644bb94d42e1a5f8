"""The engine's set-up in the add-on's preferences, by mouse and keyboard in Blender's real window. Its pictures are kept: look at them."""

from tests.wheels import write_wheel


def test_an_engine_is_set_up_cancelled_repaired_checked_and_removed(play, tmp_path):
    for number in range(12):
        write_wheel(tmp_path / "wheels", f"petal{number}", "1.0")
    write_wheel(tmp_path / "wheels", "rose", "1.0", needs=tuple(f"petal{number}" for number in range(12)))
    result = play("engine", CHROMASTRIP_ENGINE=str(tmp_path / "engine"), WINDOW_WHEELS=str(tmp_path / "wheels"))
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
