"""A disk that is full in the middle of the work: a clear message, what was finished is kept, nothing half is left."""

import os
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from core import files, pictures
from core.backends import Backends
from core.handover import movie
from core.handover.export import export
from core.pipeline import render
from core.protocol import Edit, Gap, Track, UserError
from core.sync_card import draw_card
from tests import films, sounds

DISK_BYTES = 400_000


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], capture_output=True, text=True, check=False)
    if mount.returncode:
        pytest.skip(f"a small disk can only be mounted by root: {mount.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.fixture
def song(tmp_path):
    return sounds.write(tmp_path / "song.wav", sounds.melody(seconds=1), 22_050)


def fill(disk, *, leave):
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize - leave))


def test_a_whole_file_or_none(small_disk):
    with pytest.raises(UserError, match="full") as refusal:
        files.write_whole(small_disk / "big.bin", bytes(DISK_BYTES * 2))
    assert "space" in refusal.value.cure
    assert list(small_disk.iterdir()) == []


def test_a_film_goes_on_after_space_was_made(small_disk, song, monkeypatch):
    monkeypatch.setattr("core.drawing.SPARE_BYTES", -(10**9))  # as if another program had filled the disk meanwhile
    fill(small_disk, leave=120_000)
    request = films.request(small_disk, song, frame_count=60)
    with pytest.raises(UserError, match="full"):
        render(request, open_backend=Backends().open)
    assert not [path for path in films.files_below(small_disk) if path.name.startswith(files.TEMPORARY_PREFIX)]
    (small_disk / "ballast").unlink()
    film = render(request, open_backend=Backends().open)
    assert 0 < film.drawn_count < 60
    assert len(films.content(film.frames)) == 60


def test_no_half_mp4(small_disk, song, tmp_path):
    rng = np.random.default_rng(0)
    frames = [tmp_path / f"{number}.png" for number in range(20)]
    for frame in frames:
        frame.write_bytes(pictures.encode_png(rng.integers(0, 256, (256, 256, 3), np.uint8)))
    with pytest.raises(UserError, match="full"):
        movie.write_mp4(
            small_disk / "film.mp4", frames, fps=Fraction(25), sound=song, source_start_seconds=Fraction(0), duration_seconds=Fraction(1)
        )
    assert list(small_disk.iterdir()) == []


def test_no_half_timeline(small_disk):
    fill(small_disk, leave=0)
    edit = Edit(name="Song", fps=Fraction(25), tracks=(Track(name="a", kind="video", items=(Gap(frame_count=5),) * 300),))
    with pytest.raises(UserError, match="full"):
        export(edit, small_disk / "demo.otio")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_no_half_contact_sheet(small_disk, tmp_path):
    fill(small_disk, leave=0)
    (tmp_path / "frame.png").write_bytes(pictures.encode_png(draw_card(frame=1)))
    with pytest.raises(UserError, match="full"), files.whole_file(small_disk / "sheet.png") as temporary:
        pictures.contact_sheet([tmp_path / "frame.png"], fps=25).save(temporary)
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
