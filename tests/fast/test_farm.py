"""A request is saved and rendered elsewhere; Flamenco's job draws it in spans. Flamenco is not at hand: a stand-in compiles the job."""

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from core import saved_requests
from core.backends import Backends
from core.command_line import main
from core.pipeline import render
from core.protocol import ProtocolError, Stem, UserError, decode
from core.protocol.farm import flamenco_job
from tests import films, sounds
from tools.environments import ROOT

SCRIPT = ROOT / "addon" / "farm" / "chromastrip_render.js"
STAND_IN = ROOT / "tests" / "fast" / "flamenco.js"
IN_CI = bool(os.environ.get("CI"))


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.click_track(seconds=1), 22_050)


@pytest.fixture
def saved(tmp_path, song):
    """Save a request for a film of 20 frames, whose files all lie below one folder."""
    own = tmp_path / "there"
    own.mkdir()
    request = films.request(own, Path(shutil.copy(song, own / "song.wav")))
    saved_requests.save(own / "request.json", request)
    return own / "request.json", request


def compile_job(**settings):
    node = shutil.which("node")
    if node is None:
        assert not IN_CI, "dev.py packages names nodejs, which CI installs"
        pytest.skip("Node: not installed")
    done = subprocess.run([node, STAND_IN, SCRIPT, json.dumps(settings)], capture_output=True, text=True, check=False)
    assert not done.stderr
    return json.loads(done.stdout)


def command_of(task):
    (command,) = task["commands"]
    return command["parameters"]["exe"], command["parameters"]["args"]


# The job ----------------------------------------------------------------------------------------------------------------------------------


def test_a_jobs_tasks_draw_the_film_that_one_run_draws(saved, tmp_path, song, capsys):
    file, request = saved
    job = json.loads(flamenco_job(request, str(file)))
    assert job["type"] == SCRIPT.stem.replace("_", "-")
    compiled = compile_job(**{**job["settings"], "span": 7})
    assert [task["name"] for task in compiled["tasks"]] == ["frames-0-7", "frames-7-14", "frames-14-20", "film"]
    assert compiled["tasks"][-1]["dependencies"] == ["frames-0-7", "frames-7-14", "frames-14-20"]
    for task in reversed(compiled["tasks"][:-1]):  # in any order
        assert main(command_of(task)[1]) == 0
    assert main(command_of(compiled["tasks"][-1])[1]) == 0
    assert "20 frames (0 drawn now)" in capsys.readouterr().err
    alone = render(films.request(tmp_path / "alone", song), open_backend=Backends().open)
    (folder,) = (path.parent for path in Path(request.frames_folder).rglob("film.json"))
    assert [(folder / name).read_bytes() for name in sorted(path.name for path in folder.glob("*.png"))] == films.content(alone.frames)


def test_a_job_passes_on_device_and_paths():
    compiled = compile_job(request="/r.json", frames=3, span=5, device="cuda:*", map="/a=/b;C:\\x=/y")
    words = ["render", "/r.json", "--device", "cuda:*", "--map", "/a=/b", "--map", "C:\\x=/y"]
    assert [command_of(task) for task in compiled["tasks"]] == [("chromastrip", [*words, "--frames", "0:3"]), ("chromastrip", words)]


def test_a_blend_file_is_drawn_by_one_worker():
    (task,) = compile_job(blendfile="/film.blend")["tasks"]
    assert command_of(task) == ("{blender}", ["--background", "/film.blend", "--command", "chromastrip", "render", "--all"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "Name a request or a .blend"),
        ({"request": "/r.json", "blendfile": "/f.blend"}, "Name a request or a .blend"),
        ({"request": "/r.json"}, "The film has 0 frames"),
        ({"request": "/r.json", "frames": 5, "span": 0}, "A span has 0 frames"),
    ],
)
def test_a_job_that_cannot_be_is_refused_in_a_sentence(settings, sentence):
    assert sentence in compile_job(**settings)["thrown"]


# The request ------------------------------------------------------------------------------------------------------------------------------


def test_a_request_is_saved_by_the_words_that_draw_and_rendered_elsewhere(tmp_path, song, capsys):
    file, words = (
        tmp_path / "request.json",
        ["--seconds", "0.2", "--model", "sync-card", "--size", "128", "--cache", str(tmp_path / "cache")],
    )
    assert main(["render", str(song), *words, "--out", str(tmp_path / "films"), "--save-request", str(file)]) == 0
    assert "5 frames are asked for" in capsys.readouterr().err
    assert main(["render", str(file), "--frames", "0:2"]) == 0
    assert main(["render", str(file)]) == 0
    assert "5 frames (3 drawn now)" in capsys.readouterr().err
    assert len([*(tmp_path / "films").rglob("*.png")]) == 5
    assert main(["render", str(song), *words, "--save-request", str(file)]) == 1  # it is there already
    assert main(["render", str(song), *words, "--save-request", str(tmp_path / "request.txt")]) == 1


@pytest.mark.parametrize(("start", "here"), [("{0}", "{1}"), ("{0}/", "{1}/")])
def test_paths_are_called_otherwise_on_another_machine(saved, tmp_path, start, here):
    file, request = saved
    (tmp_path / "there").rename(tmp_path / "here")
    file = tmp_path / "here" / file.name
    with pytest.raises(UserError, match=r"which this machine does not have.*--map"):
        saved_requests.load(file)
    maps = [("/no/such", "/else"), tuple(words.format(tmp_path / "there", tmp_path / "here") for words in (start, here))]
    loaded = saved_requests.load(file, maps=maps)
    assert loaded.sound_path == str(tmp_path / "here" / "song.wav")
    assert loaded.frames_folder == request.frames_folder.replace("there", "here")
    assert main(["render", str(file), "--map", "=".join(maps[1])]) == 0


def test_paths_of_windows_are_mapped_as_well(saved):
    _, request = saved
    elsewhere = dataclasses.replace(request, sound_path="Z:\\films\\song.wav", motion_stem=Stem(sound_path="Z:\\films\\drums.wav"))
    elsewhere = dataclasses.replace(elsewhere, vectors_path="Z:\\films\\walk.npz")
    mapped = saved_requests.mapped(elsewhere, [("Z:\\films", "/mnt/films")])
    assert (mapped.sound_path, mapped.motion_stem.sound_path) == ("/mnt/films/song.wav", "/mnt/films/drums.wav")
    assert mapped.vectors_path == "/mnt/films/walk.npz"
    assert saved_requests.mapped(elsewhere, [("Z:\\fil", "/mnt")]) == elsewhere  # no part of a name


@pytest.mark.parametrize("missing", [*saved_requests.FILES, "cache_folder", "frames_folder"])
def test_what_another_machine_does_not_have_is_named(saved, missing):
    file, request = saved
    gone = dataclasses.replace(request, **{missing: "/no/such/disk"})
    (file.parent / "films").mkdir(exist_ok=True)
    file.write_text(saved_requests.encode(gone))
    with pytest.raises(UserError, match="names /no/such/disk, which this machine does not have"):
        saved_requests.load(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"type": "RenderRequest", "newer": 1}'])
def test_a_file_that_is_no_request_is_refused(tmp_path, content):
    (tmp_path / "request.json").write_text(content)
    with pytest.raises(UserError, match="no request that this version can read"):
        saved_requests.load(tmp_path / "request.json")


@pytest.mark.parametrize("words", [["--seed", "5"], ["--fps", "30"], ["--upscale", "2"], ["--allow-flashes"]])
def test_what_would_change_a_saved_film_is_refused(saved, words, capsys):
    assert main(["render", str(saved[0]), *words]) == 1
    assert f"{words[0]} is given, but" in capsys.readouterr().err


def test_paths_are_mapped_for_saved_requests_only(song, capsys):
    assert main(["render", str(song), "--out", "-", "--map", "/a=/b"]) == 1
    assert "without a saved request" in capsys.readouterr().err


def test_a_saved_request_is_the_message_itself(saved):
    file, request = saved
    assert decode(file.read_bytes(), type(request)) == request
    with pytest.raises(ProtocolError):
        decode(b"{}", type(request))
