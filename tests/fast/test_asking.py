"""What may be said about a film on the command line reaches its latents; what cannot be meant is told before anything is drawn."""

import re
from fractions import Fraction

import numpy as np
import pytest

from core.command_line import main
from core.protocol import class_names
from core.sound import features
from core.sound.features import CONTROL_RATE
from tests import sounds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a song of 6 s, another of 5 s, and a table of its words."""
    place = tmp_path_factory.mktemp("asking")
    sounds.write(place / "song.wav", sounds.melody(seconds=6), 22_050)
    sounds.write(place / "drums.wav", sounds.click_track(seconds=5))
    (place / "words.csv").write_text("line,begin,end,class,also\nfilm,,,tench,\nfilm,,,goldfish,\n1,2,4,tabby,\n2,4,5,grand piano,\n")
    return place


@pytest.fixture
def run(folder, tmp_path, capsys, monkeypatch):
    """Run a command beside the song; gives its exit code and what it said."""
    monkeypatch.chdir(folder)

    def run(*words):
        code = main([str(word) for word in words])
        return code, capsys.readouterr().err

    return run


@pytest.fixture
def latents(run, folder, tmp_path):
    """Give the arrays of a film that is asked for with more words."""

    def latents(*words):
        code, said = run("vectors", "song.wav", "--cache", folder / "cache", "--out", tmp_path / "film.npz", "--replace", "--full", *words)
        assert code == 0, said
        return np.load(tmp_path / "film.npz")

    return latents


def shown(film, seconds, fps=25):
    """Give the classes that show at a time, the strongest first."""
    vector = film["class_vectors"][round(seconds * fps)]
    return list(np.argsort(vector)[::-1][: np.count_nonzero(vector > 0.01)])


def test_things_are_named_by_words_or_numbers(latents):
    assert set(shown(latents("--classes", "tabby", "goldfish", "579"), 3)) <= {281, 1, 579}


def test_directions_are_looked_for_only_where_something_hits(latents):
    assert latents()["directions"].shape == (6, 128)
    assert "directions" not in latents("--hit", 0).files


def test_excluded_things_and_kinds_are_never_chosen_by_the_seed(latents):
    chosen = latents("--seed", 3, "--blend", 1)["class_ids"][0].tolist()
    excluded = class_names.described(chosen[:3])
    others = latents("--seed", 3, "--blend", 1, "--exclude", *excluded, "spiders")["class_ids"][0].tolist()
    assert not set(others) & set(chosen[:3])
    assert others[: len(chosen) - 3] == chosen[3:]


def test_a_table_says_what_shows_and_when(latents):
    film = latents("--classes-from", "words.csv", "--word-fade-seconds", "0")
    assert [set(shown(film, time)) for time in (2.5, 4.5)] == [{281}, {579}]
    assert set(shown(film, 1)) <= {0, 1}


def test_a_curve_is_given_by_points_or_by_a_file(latents, tmp_path):
    points = latents("--curve", "truncation=0:0.2,6:0.8")
    np.testing.assert_allclose(points["truncation"][[0, 75, 149]], [0.2, 0.5, 0.796], atol=0.01)
    values = np.linspace(0.2, 0.8, round(6 * CONTROL_RATE) + 1)
    for name, write in {"curve.npy": np.save, "curve.txt": np.savetxt}.items():
        write(tmp_path / name, values)
        np.testing.assert_allclose(latents("--curve", f"truncation={tmp_path / name}")["truncation"], points["truncation"], atol=0.01)


def test_stems_and_beats_move_the_film(latents, tmp_path):
    plain = latents()
    (tmp_path / "beats.txt").write_text("1\n2.5\n4\n")
    drums, words, beats = latents("--motion-sound", "drums.wav"), latents("--beat", 1, "--beats", "1,2.5,4"), latents("--beat", 1)
    assert not np.array_equal(plain["noise"], drums["noise"])
    assert not np.array_equal(words["noise"], beats["noise"])
    np.testing.assert_array_equal(latents("--beat", 1, "--beats", tmp_path / "beats.txt")["noise"], words["noise"])
    assert not np.array_equal(plain["class_vectors"], latents("--class-sound", "drums.wav")["class_vectors"])


def test_a_section_may_have_things_of_its_own(latents):
    film = latents("--classes", "tench", "--section", "2:5", "classes=tabby", "landing=0.2")
    assert [shown(film, time) for time in (1, 3.5, 5.5)] == [[0], [281], [0]]


def test_edited_features_stand_for_what_is_heard(latents, run, folder, tmp_path):
    run("analyse", "song.wav", "--cache", folder / "cache", "--out", tmp_path / "heard.npz")
    np.testing.assert_array_equal(latents("--features", tmp_path / "heard.npz")["noise"], latents()["noise"])
    arrays = dict(np.load(tmp_path / "heard.npz"))
    np.savez(tmp_path / "edited.npz", **arrays | {"onset_strength": arrays["onset_strength"][::-1]})
    assert not np.array_equal(latents("--features", tmp_path / "edited.npz")["noise"], latents()["noise"])


WRONG = {
    "no such class": (["--classes", "taby"], "“taby”.*tabby cat"),
    "a number that is none": (["--classes", "1000"], "1000.*0 to 999"),
    "one class twice": (["--classes", "1", "goldfish"], "twice"),
    "two ways to choose": (["--classes", "1", "--classes-from", "words.csv"], "both choose"),
    "no such table": (["--classes-from", "gone.csv"], "gone\\.csv"),
    "lyrics that are not there": (["--lyrics", "gone.lrc"], "gone\\.lrc"),
    "a section beyond the end": (["--section", "4:9", "depth=0.5"], "not within"),
    "a section of no length": (["--section", "4:4", "depth=0.5"], "not within"),
    "a section that ends before it begins": (["--section", "4:2", "depth=0.5"], "not within"),
    "a section's number out of range": (["--section", "1:2", "truncation=3"], "Truncation is 3"),
    "a section's number that is none": (["--section", "1:2", "truncation=big"], "no section"),
    "a section's unknown number": (["--section", "1:2", "trunkation=1"], "no section"),
    "a section's unknown class": (["--section", "1:2", "classes=taby"], "taby"),
    "a number out of range": (["--tempo-sensitivity", "9"], "Tempo Sensitivity is 9"),
    "a number that is NaN": (["--jitter", "nan"], "Jitter is nan"),
    "a curve out of range": (["--curve", "truncation=0:0.5,3:7"], "Truncation is 7"),
    "a curve of nothing": (["--curve", "trunkation=0:0.5"], "trunkation"),
    "a curve without times": (["--curve", "truncation=0.5"], "no curve"),
    "a curve backwards": (["--curve", "truncation=3:0.5,1:0.2"], "back in time"),
    "beats backwards": (["--beats", "3,2,1"], "back in time"),
    "beats that are none": (["--beats", "one,two"], "no beats"),
    "no such stem": (["--motion-sound", "gone.wav"], "gone\\.wav"),
    "features that are not there": (["--features", "gone.npz"], "There is no file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_told_before_anything_is_drawn(run, folder, tmp_path, name):
    words, told = WRONG[name]
    code, said = run("render", "song.wav", "--cache", folder / "cache", "--out", tmp_path / "out", *words)
    assert code == 1
    assert re.search(told, said, re.DOTALL), said
    assert "→" in said
    assert not (tmp_path / "out").exists()
    assert not (folder / "cache" / "pictures").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sound": np.array("another")}, "another sound"),
        ({"chroma": np.zeros((11, 259), np.float32)}, "chroma has the shape"),
        ({"energy": np.zeros(0)}, "shape"),
        ({"flux": np.full(259, np.nan)}, "flux holds"),
        ({"bands": np.full((3, 259), -1, np.float32)}, "bands holds"),
    ],
)
def test_features_that_do_not_fit_are_refused(run, folder, tmp_path, change, told):
    run("analyse", "song.wav", "--cache", folder / "cache", "--out", tmp_path / "heard.npz")
    np.savez(tmp_path / "heard.npz", **dict(np.load(tmp_path / "heard.npz")) | change)
    code, said = run("plot", "song.wav", "--cache", folder / "cache", "--out", tmp_path / "plot.png", "--features", tmp_path / "heard.npz")
    assert (code, told in said) == (1, True), said


def test_features_of_another_sound_are_refused(run, folder, tmp_path):
    run("analyse", "drums.wav", "--cache", folder / "cache", "--out", tmp_path / "heard.npz")
    code, said = run("vectors", "song.wav", "--cache", folder / "cache", "--out", tmp_path / "x.npz", "--features", tmp_path / "heard.npz")
    assert (code, "another sound" in said) == (1, True)
    assert features.read_saved(tmp_path / "heard.npz", digest=features.file_digest(folder / "drums.wav")).energy.shape == (216,)
    assert Fraction(216) / CONTROL_RATE > 5
