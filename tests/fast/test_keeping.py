"""What may go from a folder of films, what stays whatever happens, and films that are brought elsewhere."""

import json
import os
import time
import urllib.parse
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from core import worker
from core.cache import FrameCache
from core.command_line import main
from core.files import link_or_copy
from core.frame_folder import FrameFolder
from core.gathering import gather, let_go
from core.keeping import DAY, HOUR, WEEK, clean_up, keep_within, take_stock
from core.keys import picture_key
from core.protocol import Keeper, Machine, Render, RenderRequest, Settings, Use, UserError, blends_of, note_blend
from core.working import CancelledError

SIZE = 1000  # bytes of each picture
NOTES = 1  # a film's request takes a little more than a picture
LATER = HOUR + 60


@pytest.fixture
def project(tmp_path):
    """Give a folder with a saved .blend and room for its films."""
    folder = tmp_path / "Mein Film"
    (folder / "chromastrip").mkdir(parents=True)
    (folder / "film.blend").write_bytes(b"BLENDER-v500 nothing")
    return folder


@pytest.fixture
def draw(project):
    """Give a function that keeps a film of some pictures, each a number, as the pipeline does; `blends` are noted to show it."""

    def make(name, numbers, *, blends=("film.blend",), base=None):
        base = base or project / "chromastrip"
        cache = FrameCache(base / "cache" / "pictures")
        keys = [picture_key(bytes([number])) for number in numbers]
        pictures = {key: cache.store(key, bytes([number]) * SIZE) for key, number in zip(keys, numbers, strict=True)}
        request = RenderRequest(
            name=name,
            sound_path=str(project / "song.wav"),
            source_start_seconds=Fraction(0),
            frame_count=len(keys),
            fps=Fraction(24),
            settings=Settings(),
            frames_folder=str(base),
            cache_folder=str(base / "cache"),
        )
        frames = FrameFolder(request, keys=keys)
        frames.fill(pictures)
        for blend in blends:
            note_blend(frames.path, project / blend)
        return frames.path

    return make


def keeper(project, **words):
    return Keeper(folder=str(project / "chromastrip"), blend=str(project / "film.blend"), **words)


def later(seconds=LATER):
    return time.time() + seconds


def uses(stock):
    return {film.name: film.use for film in stock.films}


def names_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def sweep(project, now=None, **words):
    """Clean up all that stock-taking offers, and compare what was promised with what was freed."""
    now = now or later()
    stock = take_stock(keeper(project, **words), now=now)
    going = [film.name for film in stock.films if film.use == Use.NONE]
    done = clean_up(keeper(project, **words), going, now=now)
    assert done.freed_bytes == stock.freed_bytes
    return done


# Which films may go ---------------------------------------------------------------------------------------------------------------------


def test_a_film_that_only_this_file_has_shown_and_shows_no_more_goes_with_its_pictures(project, draw):
    draw("old", [1, 2, 3])
    done = sweep(project)
    assert (done.film_count, done.picture_count, done.freed_bytes // SIZE) == (1, 3, 3 + NOTES)
    assert not [path for path in (project / "chromastrip").rglob("*") if path.is_file()]


def test_films_that_are_shown_or_that_undo_may_bring_back_stay(project, draw):
    shown, before = draw("shown", [1, 2]), draw("before", [3])
    kept = names_below(project)
    stock = take_stock(keeper(project, shown=(shown.name,), undoable=(shown.name, before.name)), now=later())
    assert uses(stock) == {shown.name: Use.SHOWN, before.name: Use.UNDO}
    assert stock.freed_bytes == 0
    sweep(project, shown=(shown.name,), undoable=(before.name,))
    assert names_below(project) == kept


def test_a_film_of_another_blend_or_of_nobody_known_stays(project, draw):
    other, both, unknown = (
        draw("other", [1], blends=("b.blend",)),
        draw("both", [2], blends=("film.blend", "b.blend")),
        draw("x", [3], blends=()),
    )
    (project / "b.blend").write_bytes(b"BLENDER-v500")
    kept = names_below(project)
    assert uses(take_stock(keeper(project), now=later())) == {
        other.name: Use.ELSEWHERE,
        both.name: Use.ELSEWHERE,
        unknown.name: Use.UNKNOWN,
    }
    sweep(project)
    assert names_below(project) == kept


def test_a_film_that_another_blend_beside_names_stays_though_nobody_noted_it(project, draw):
    film = draw("film", [1])
    (project / "b.blend").write_bytes(b"BLENDER-v500 //chromastrip/" + film.name.encode() + b"/ end")
    assert uses(take_stock(keeper(project), now=later())) == {film.name: Use.ELSEWHERE}
    (project / "b.blend").write_bytes(b"BLENDER-v500 //chromastrip/ end")
    assert uses(take_stock(keeper(project), now=later())) == {film.name: Use.NONE}


@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".EDL"])
def test_a_film_that_an_exported_timeline_beside_names_stays(project, draw, ending):
    film = draw("Été", [1])
    timeline = project / f"cut{ending}"
    timeline.write_text(f"<src>chromastrip/{urllib.parse.quote(film.name)}/</src>", encoding="utf-8")
    assert uses(take_stock(keeper(project), now=later())) == {film.name: Use.ELSEWHERE}
    assert sweep(project).film_count == 0
    timeline.write_bytes(b"")
    assert uses(take_stock(keeper(project), now=later())) == {film.name: Use.NONE}


def test_a_deleted_blend_holds_nothing_back_but_one_on_a_disk_that_is_away_does(project, draw):
    gone, away = draw("gone", [1], blends=("film.blend", "deleted.blend")), draw("away", [2])
    note_blend(away, Path("/media/away/b.blend"))
    assert uses(take_stock(keeper(project), now=later())) == {gone.name: Use.NONE, away.name: Use.ELSEWHERE}


def test_a_film_drawn_a_moment_ago_stays(project, draw):
    film = draw("new", [1])
    assert uses(take_stock(keeper(project), now=later(HOUR - 60))) == {film.name: Use.RECENT}
    assert clean_up(keeper(project), [film.name], now=later(HOUR - 60)).film_count == 0


def test_films_of_a_file_that_was_never_saved_go_after_a_week(project, draw):
    film = draw("unsaved", [1], blends=())
    unsaved = Keeper(folder=str(project / "chromastrip"))
    assert uses(take_stock(unsaved, now=later(WEEK - 60))) == {film.name: Use.RECENT}
    assert uses(take_stock(unsaved, now=later(WEEK + 60))) == {film.name: Use.NONE}
    note_blend(film, project / "film.blend")
    assert uses(take_stock(unsaved, now=later(WEEK + 60))) == {film.name: Use.ELSEWHERE}


def test_a_film_that_came_into_use_after_it_was_offered_stays(project, draw):
    film = draw("film", [1])
    assert clean_up(keeper(project, shown=(film.name,)), [film.name], now=later()).film_count == 0
    assert film.is_dir()


# What is never touched ------------------------------------------------------------------------------------------------------------------


def test_files_that_were_not_made_here_stay(project, draw):
    film = draw("film", [1])
    base = project / "chromastrip"
    foreign = [
        film / "notes.txt",
        film / f"{film.name}_1.png",
        base / "mine_0123456789ab" / "a.png",
        base / "cache" / "pictures" / "ab" / "a.png",
    ]
    foreign += [base / "cache" / "pictures" / "readme.txt", base / "holiday.png", base / ".hidden"]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    sweep(project, now=later(10 * DAY))
    assert sorted(path for path in base.rglob("*") if path.is_file()) == sorted(foreign)


def test_a_film_folder_that_is_a_link_is_not_followed(project, draw, tmp_path):
    film = draw("film", [1], base=tmp_path / "elsewhere")
    (project / "chromastrip" / film.name).symlink_to(film)
    sweep(project)
    assert len(list(film.glob("*.png"))) == 1


# Bytes ----------------------------------------------------------------------------------------------------------------------------------


def test_a_picture_that_a_film_shows_frees_nothing_and_counts_once(project, draw):
    first, second = draw("first", [1, 2, 2]), draw("second", [2, 3])
    stock = take_stock(keeper(project, shown=(first.name,)), now=later())
    assert [film.frames.bytes for film in stock.films] == [2 * SIZE, 2 * SIZE]
    assert (stock.cached.count, stock.cached.bytes, stock.unshown.count) == (3, 3 * SIZE, 0)
    assert uses(stock)[second.name] == Use.NONE
    assert stock.freed_bytes // SIZE == 1 + NOTES
    sweep(project, shown=(first.name,))
    assert len(list(first.glob("*.png"))) == 3


def test_frames_that_are_copies_are_counted_and_freed_as_copies(project, draw):
    """Some file systems know no hard links."""
    film = draw("film", [1, 2])
    for frame in film.glob("*.png"):
        content = frame.read_bytes()
        frame.unlink()
        frame.write_bytes(content)
    stock = take_stock(keeper(project, shown=(film.name,)), now=later())
    assert (stock.unshown.count, stock.freed_bytes) == (2, 2 * SIZE)
    sweep(project, shown=(film.name,))
    assert len(list(film.glob("*.png"))) == 2


def test_leftovers_of_broken_writing_go_after_a_day(project, draw):
    film = draw("film", [1])
    base = project / "chromastrip"
    left = [
        base / f".writing-{'a' * 32}",
        film / f".writing-{'b' * 32}.png",
        base / "cache" / "pictures" / "ab" / f".writing-{'c' * 32}",
        base / f".writing-{'d' * 32}" / "film_0123456789ab_000000.png",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12")
    assert take_stock(keeper(project, shown=(film.name,)), now=later(DAY - 60)).leftovers.count == 0
    stock = take_stock(keeper(project, shown=(film.name,)), now=later(DAY + 60))
    assert (stock.leftovers.count, stock.leftovers.bytes) == (4, 8)
    sweep(project, now=later(DAY + 60), shown=(film.name,))
    assert not any(path.exists() for path in (*left, left[-1].parent))
    assert len(list(film.glob("*.png"))) == 1


# The limit ------------------------------------------------------------------------------------------------------------------------------


def test_the_limit_removes_what_was_not_used_for_the_longest_time(tmp_path):
    cache, old = FrameCache(tmp_path / "pictures"), time.time() - 10 * DAY
    entries = [cache.store(picture_key(bytes([number])), bytes([number]) * SIZE) for number in range(5)]
    for number, path in enumerate(entries):
        os.utime(path, (old + 60 * ((number + 2) % 5), old))
    assert keep_within(tmp_path, most_bytes=3 * SIZE) == 2 * SIZE
    assert [path.exists() for path in entries] == [True, True, True, False, False]
    assert keep_within(tmp_path, most_bytes=3 * SIZE) == 0


def test_the_limit_spares_what_films_show_and_what_was_used_within_a_day(tmp_path):
    cache = FrameCache(tmp_path / "pictures")
    shown, fresh = (cache.store(picture_key(bytes([number])), bytes([number]) * SIZE) for number in (1, 2))
    link_or_copy(shown, tmp_path / "frame.png")
    os.utime(shown, (1, 1))
    assert keep_within(tmp_path, most_bytes=0) == 0
    assert shown.exists()
    assert fresh.exists()


def test_a_picture_that_is_found_was_used(tmp_path):
    cache, key = FrameCache(tmp_path / "pictures"), picture_key(b"1")
    path = cache.store(key, b"picture")
    os.utime(path, (1, 1))
    assert cache.find([key]) == {key: path}
    assert path.stat().st_atime > time.time() - HOUR
    assert path.stat().st_mtime == 1


def test_the_worker_keeps_the_limit_after_a_film(tmp_path):
    path = FrameCache(tmp_path / "pictures").store(picture_key(b"1"), b"picture")
    os.utime(path, (1, 1))
    request = RenderRequest(
        name="film",
        sound_path="song.wav",
        source_start_seconds=Fraction(0),
        frame_count=1,
        fps=Fraction(24),
        settings=Settings(),
        frames_folder=str(tmp_path),
        cache_folder=str(tmp_path),
    )
    worker._keep_cache_small(Render(job_id="", request=request))
    assert path.exists()
    worker._keep_cache_small(Render(job_id="", request=replace(request, machine=Machine(cache_limit_bytes=1))))
    assert not path.exists()


# Notes ----------------------------------------------------------------------------------------------------------------------------------


def test_notes_hold_when_the_project_is_moved(project, draw, tmp_path):
    film = draw("film", [1], blends=("film.blend", "b.blend"))
    project.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "chromastrip" / film.name
    assert set(blends_of(moved)) == {tmp_path / "moved" / "film.blend", tmp_path / "moved" / "b.blend"}


@pytest.mark.parametrize("content", [b"", b"{", b"7", b"[7]", b'{"a": 1}', b"\xff"])
def test_a_damaged_note_is_none(project, draw, content):
    film = draw("film", [1])
    (film / "blends.json").write_bytes(content)
    assert set(blends_of(film)) <= {film / "a"}
    note_blend(film, project / "film.blend")
    assert project / "film.blend" in blends_of(film)


# Gathering ------------------------------------------------------------------------------------------------------------------------------


def test_gathered_films_are_whole_and_take_no_space_and_their_pictures_are_found_again(project, draw, tmp_path):
    films, target = [draw("first", [1, 2]), draw("second", [2, 3, 3])], tmp_path / "new" / "chromastrip"
    counts = []
    folders = gather(films, target, report=lambda _stage, done, total: counts.append((done, total)))
    assert folders == tuple(target / film.name for film in films)
    for old, new in zip(films, folders, strict=True):
        frames = [path for path in old.iterdir() if path.name != "blends.json"]
        assert sorted(path.name for path in new.iterdir()) == sorted(path.name for path in frames)
        assert all((new / path.name).samefile(path) for path in frames if path.suffix == ".png")
    assert counts == [(done, 5) for done in range(1, 6)]
    keys = [picture_key(bytes([number])) for number in (1, 2, 3)]
    assert FrameCache(target / "cache" / "pictures").find(keys).keys() == set(keys)


def test_copies_too_bring_their_pictures_into_the_cache(project, draw, tmp_path):
    film = draw("film", [1, 2])
    for frame in film.glob("*.png"):
        content = frame.read_bytes()
        frame.unlink()
        frame.write_bytes(content)
    gather([film], tmp_path / "new")
    keys = [picture_key(bytes([number])) for number in (1, 2)]
    assert FrameCache(tmp_path / "new" / "cache" / "pictures").find(keys).keys() == set(keys)


def test_all_films_are_gathered_or_none(project, draw, tmp_path):
    films, target = [draw("first", [1, 2]), draw("second", [3])], tmp_path / "new"
    calls = iter(range(100))
    with pytest.raises(CancelledError):
        gather(films, target, cancelled=lambda: next(calls) == 2)
    assert [path.name for path in target.iterdir()] == ["cache"]
    with pytest.raises(UserError, match="are gone"):
        gather([films[0], project / "chromastrip" / "none_0123456789ab"], target)
    assert [path.name for path in target.iterdir()] == ["cache"]


def test_gathering_into_a_folder_that_has_the_film_adds_what_it_lacks(project, draw, tmp_path):
    film, target = draw("film", [1, 2]), tmp_path / "new"
    (there,) = gather([film], target)
    first, second = sorted(there.glob("*.png"))
    first.unlink()
    second.unlink()
    second.write_bytes(b"kept")
    assert gather([film], target) == (there,)
    assert [path.read_bytes() for path in (first, second)] == [bytes([1]) * SIZE, b"kept"]
    assert sorted(path.name for path in target.iterdir()) == ["cache", film.name]


# The command ----------------------------------------------------------------------------------------------------------------------------


def test_the_command_tells_what_a_folder_holds_and_removes_only_pictures_that_no_film_shows(project, draw, capsys):
    film = draw("film", [1, 2], blends=())
    cache = FrameCache(project / "chromastrip" / "cache" / "pictures")
    alone = cache.store(picture_key(b"9"), b"alone")
    os.utime(alone, (1, 1))
    folder = str(project / "chromastrip")
    assert main(["clean", folder, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["films"][0]["name"], told["films"][0]["frames"], told["unshown"]["count"]) == (film.name, 2, 1)
    assert alone.exists()
    assert main(["clean", folder, "--remove"]) == 0
    assert "0.0 MB freed" in capsys.readouterr().out
    assert not alone.exists()
    assert len(list(film.glob("*.png"))) == 2
    assert main(["clean", str(project / "nowhere")]) == 1


def test_moved_films_leave_only_if_the_new_folder_holds_every_frame(project, draw, tmp_path):
    whole, partly = draw("whole", [1]), draw("partly", [2, 3])
    new = gather([whole, partly], tmp_path / "new")
    min(new[1].glob("*.png")).unlink()
    done = let_go([(whole, new[0]), (partly, new[1]), (partly, partly), (project / "gone_0123456789ab", new[0])])
    assert done.film_count == 1
    assert not whole.exists()
    assert len(list(partly.glob("*.png"))) == 2
    assert len(list(new[0].glob("*.png"))) == 1
