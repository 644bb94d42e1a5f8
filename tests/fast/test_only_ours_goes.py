"""What is deleted, replaced or moved is ours for certain: it carries our mark, or lies where and is named as nobody else's would be."""

import argparse
import os
import time
from fractions import Fraction

import pytest

from core import bootstrap
from core.bootstrap import Place, SetupError
from core.cache import content_digest
from core.frame_folder import FrameFolder, read_request
from core.gathering import gather, let_go
from core.keeping import DAY, clean_up, film_folders, own_files
from core.keys import picture_key
from core.protocol import Keeper, RenderRequest, Settings, UserError

LONG_AGO = 2 * DAY
OLD_LOG = "2026-11-27 12:00:00  Linux-6.1-x86_64  PyTorch for the processor\n$ python -m venv\n"
THEIRS = {
    "environment of other software": {"environment/etc/database.conf": "precious"},
    "a virtual environment of the user's": {"environment/pyvenv.cfg": "home = /usr/bin", "environment/bin/thing": "precious"},
    "a note called ready.json": {"ready.json": '{"dinner": "ready"}'},
    "a list called ready.json": {"ready.json": '["requirements"]'},
    "a log of the user's": {"set-up.log": "How I set up my studio\n"},
    "a lock of the user's": {"lock": "4211\n"},
    "other files": {"film.blend": "precious"},
}


@pytest.fixture
def engine(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("rose==1.0\n")
    (tmp_path / "engine").mkdir()
    return argparse.Namespace(folder=tmp_path / "engine", requirements=requirements, python=None, wheels=None, anew=True, pypi_build=False)


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def content_below(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


# The engine's folder --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("files", THEIRS.values(), ids=THEIRS)
def test_removing_the_engine_leaves_what_others_have_put_into_its_folder(engine, files):
    write(engine.folder, files)
    bootstrap.run_remove(engine)
    assert content_below(engine.folder) == files


@pytest.mark.parametrize("name", [name for name in THEIRS if "lock" not in name and "other files" not in name])
def test_a_set_up_replaces_nothing_that_others_have_put_into_its_folder(engine, monkeypatch, name):
    monkeypatch.setattr(bootstrap.Steps, "_run", lambda *_, **__: pytest.fail("it went on"))
    write(engine.folder, THEIRS[name])
    with pytest.raises(SetupError, match="was not made by this add-on"):
        bootstrap.run_make(engine)
    assert content_below(engine.folder) == {**THEIRS[name], "lock": ""}


def test_a_link_in_the_environments_place_is_not_followed(engine, tmp_path):
    write(tmp_path / "theirs", {"pyvenv.cfg": "precious", "chromastrip-engine": ""})
    write(engine.folder, {"ready.json": '{"requirements": "x"}'})
    (engine.folder / "environment").symlink_to(tmp_path / "theirs")
    bootstrap.run_remove(engine)
    assert len(content_below(tmp_path / "theirs")) == 2


def test_an_environment_that_an_older_version_made_is_still_ours(engine):
    write(engine.folder, {"environment/pyvenv.cfg": "", "environment/lib/x.py": "", "ready.json": '{"requirements": "x"}'})
    write(engine.folder, {"set-up.log": OLD_LOG, "lock": ""})
    bootstrap.run_remove(engine)
    assert not engine.folder.exists()


def test_what_a_broken_removal_leaves_is_still_ours(engine, monkeypatch):
    place = Place(folder=engine.folder)
    write(engine.folder, {"environment/chromastrip-engine": "", "environment/lib/a.py": "", "environment/bin/b": ""})

    def fail(_folder):
        raise PermissionError("a virus scanner holds it")

    monkeypatch.setattr(bootstrap.shutil, "rmtree", fail)
    with pytest.raises(PermissionError):
        place.remove_environment()
    monkeypatch.undo()
    assert place.owns_environment()
    place.remove_environment()
    assert not place.environment.exists()


def test_a_log_into_which_a_killed_set_up_wrote_nothing_is_still_ours(engine):
    write(engine.folder, {"set-up.log": ""})
    Place(folder=engine.folder).check_owned()


# A folder of films ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path):
    """Give a film's folder of one picture."""
    base = tmp_path / "films"
    request = RenderRequest(
        name="film",
        sound_path=str(tmp_path / "song.wav"),
        source_start_seconds=Fraction(0),
        frame_count=1,
        fps=Fraction(24),
        settings=Settings(),
        frames_folder=str(base),
        cache_folder=str(base / "cache"),
    )
    key = picture_key(b"1")
    picture = base / "cache" / "pictures" / key[:2] / f"{key}-{content_digest(b'picture')}.png"
    picture.parent.mkdir(parents=True)
    picture.write_text("picture")
    frames = FrameFolder(request, keys=[key])
    frames.fill({key: picture})
    return frames.path


def age(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        os.utime(path, (time.time() - LONG_AGO,) * 2, follow_symlinks=False)


def test_cleaning_up_leaves_what_merely_begins_like_a_temporary_name_of_ours(film):
    base, half_made = film.parent, film.parent / f".writing-{'a' * 32}"
    theirs = {".writing-notes.txt": "x", ".writing-plan/draft.txt": "x", ".writing-/y": "x", f"{film.name}/.writing-down": "x"}
    write(base, theirs | {f"{half_made.name}/my poem.txt": "x"})
    write(base, {f".writing-{'b' * 32}.png": "ours", f"{half_made.name}/{film.name}_000000.png": "ours", f"{half_made.name}/film.json": ""})
    age(base)
    clean_up(Keeper(folder=str(base), blend=""), ())
    left = {name for name in content_below(base) if ".writing-" in name}
    assert left == {*theirs, f"{half_made.name}/my poem.txt"}
    assert base / film.name / ".writing-down" not in set(own_files(film))


def test_only_films_are_moved_and_let_go(film, tmp_path):
    theirs = tmp_path / "holiday"
    write(theirs, {"film.json": "{}", "blends.json": "[]", "holiday_000001.png": "precious"})
    before = content_below(theirs)
    with pytest.raises(UserError, match="are gone"):
        gather([theirs], tmp_path / "new")
    (gathered,) = gather([film], tmp_path / "new")
    assert let_go([(theirs, gathered), (theirs, theirs)]).film_count == 0
    assert content_below(theirs) == before
    assert let_go([(film, gathered)]).film_count == 1


def test_nothing_is_read_or_written_through_a_link_in_a_films_place(film, tmp_path):
    theirs = tmp_path / "theirs_0123456789ab"
    write(theirs, {"film.json": "{}"})
    (tmp_path / "key").write_text("secret")
    link = film.parent / "link_0123456789ab"
    link.symlink_to(theirs)
    assert film_folders(film.parent) == [film]
    with pytest.raises(UserError, match="are gone"):
        gather([link], tmp_path / "new")
    (film / "curves.json").symlink_to(tmp_path / "key")
    (film / f"{film.name}_000001.png").symlink_to(tmp_path / "key")
    (gathered,) = gather([film], tmp_path / "new")
    assert "secret" not in content_below(gathered).values()
    folder = FrameFolder(read_request(film), keys=[picture_key(b"1")])
    film.rename(tmp_path / "aside")
    film.symlink_to(theirs)
    for write_something in (folder.begin, lambda: folder.fill({})):
        with pytest.raises(UserError, match="is a link"):
            write_something()
    assert content_below(theirs) == {"film.json": "{}"}


def test_a_folder_in_the_way_of_a_moved_film_is_named(film, tmp_path):
    write(tmp_path / "new" / film.name, {"precious.txt": "x"})
    with pytest.raises(UserError, match="is in the way"):
        gather([film], tmp_path / "new")
    assert content_below(tmp_path / "new" / film.name) == {"precious.txt": "x"}
