"""What the rig found about full memory and damaged disks, in the small."""

import pytest

from core.backends import Backends
from core.handover.media import removed_upon_failure
from core.pipeline import render
from core.protocol import Stage, UserError
from core.working import is_memory_full
from tests import films, sounds


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError("libtorch_global_deps.so: failed to map segment from shared object"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
        OSError(12, "Cannot allocate memory"),
        BlockingIOError(11, "Resource temporarily unavailable"),
        RuntimeError("can't start new thread"),
    ],
)
def test_full_memory_is_known_by_all_of_its_names(error):
    assert is_memory_full(error)
    wrapped = ImportError("numpy")
    wrapped.__cause__ = error
    assert is_memory_full(wrapped)
    met_meanwhile = OSError("could not find libllvmlite.so")
    met_meanwhile.__context__ = error
    assert is_memory_full(met_meanwhile)
    assert not is_memory_full(OSError(2, "No such file or directory"))


def test_a_picture_damaged_while_others_are_drawn_is_never_shown_and_drawn_again(tmp_path):
    request = films.request(tmp_path, sounds.write(tmp_path / "a.wav", sounds.melody(seconds=1), 22_050), frame_count=6)

    def strike(stage, done, _total):
        if stage == Stage.DRAWING and done == 6 and len(kept := films.kept_pictures(tmp_path / "cache")) == 6:
            kept[0].write_bytes(b"damaged")

    with pytest.raises(UserError, match="were damaged"):
        render(request, open_backend=Backends().open, report=strike)
    assert not list((tmp_path / "films").rglob("film.json"))
    film = render(request, open_backend=Backends().open)
    assert film.drawn_count == 1
    assert b"damaged" not in films.content(film.frames)


def test_what_cannot_be_removed_after_a_failure_never_hides_why_it_failed(tmp_path):
    made = [tmp_path / "a.png", tmp_path / "b.png"]
    made[0].mkdir()  # as a disk that became read-only, it gives an error when it is to be removed
    made[1].touch()

    def fail():
        with removed_upon_failure(tmp_path) as files:
            files.extend(made)
            raise UserError("The disk can only be read.", "Choose another one.")

    with pytest.raises(UserError, match="can only be read"):
        fail()
    assert not made[1].exists()
