"""The command line: exit codes, words, and what goes where."""

import io
import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from core import pictures
from core.command_line import main
from core.protocol import PARAMETERS, Drawn, Edit, Failed, Gap, Message, Progress, Stage, Track, decode, encode
from core.sync_card import read_card
from tests import films, sounds
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return str(sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.click_track(seconds=2)))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user cache"))


@pytest.fixture
def run(capsys):
    """Run a command; give its exit code and what it said."""

    def run_command(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = end.code
        return code, capsys.readouterr().err

    return run_command


@pytest.fixture
def heard(song, tmp_path):
    """Give a cache folder that knows the song: a fresh process would spend two seconds on importing librosa."""
    return Path(films.hear(films.request(tmp_path, Path(song))).cache_folder)


CARDS = ("--model", "sync-card")


def frames_in(folder):
    return sorted(folder.glob("*/*.png"))


def test_frames_are_left_in_a_folder(run, song, tmp_path):
    code, said = run("render", song, "--out", tmp_path / "out", *CARDS, "--fps", "25", "--seconds", "1")
    assert code == 0
    assert [read_card(pictures.read_picture(path))[0] for path in frames_in(tmp_path / "out")] == list(range(25))
    assert "25 frames (25 drawn now)" in said
    assert str(tmp_path / "out") in said
    assert "25 frames (0 drawn now)" in run("render", song, "--out", tmp_path / "out", *CARDS, "--fps", "25", "--seconds", "1")[1]


@pytest.mark.parametrize(
    ("fps", "rate", "frames"),
    [("25", Fraction(25), 50), ("30000/1001", Fraction(30_000, 1001), 60), ("23.976", Fraction(24_000, 1001), 48)],
)
def test_a_film_is_as_long_as_the_song(run, song, tmp_path, fps, rate, frames):
    assert run("render", song, "--out", tmp_path / "film.mp4", *CARDS, "--fps", fps)[0] == 0
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.streams.video[0].average_rate == rate
        assert [read_card(image.to_ndarray(format="rgb24")) for image in container.decode(video=0)] == [(n, 0) for n in range(frames)]
    assert frames_in(tmp_path / "film.mp4") == []


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((), (224, 126)),
        (("--aspect", "9:16"), (126, 224)),
        (("--aspect", "1:1"), (128, 128)),
        (("--aspect", "4:3", "--upscale", "2"), (320, 240)),
        (("--width", "320", "--height", "180"), (320, 180)),
    ],
)
def test_a_film_is_16_9_unless_another_shape_is_said(run, song, tmp_path, shape, size):
    assert run("render", song, "--out", tmp_path, *CARDS, "--fps", "8", "--seconds", "0.25", *shape)[0] == 0
    assert {pictures.read_picture(path).shape[1::-1] for path in frames_in(tmp_path)} == {size}


def test_start_and_seconds_choose_a_part(run, song, tmp_path):
    assert run("render", song, "--out", tmp_path, *CARDS, "--fps", "24", "--start", "1/2", "--seconds", "0.25")[0] == 0
    assert len(frames_in(tmp_path)) == 6
    (request,) = tmp_path.glob("*/film.json")
    assert json.loads(request.read_text())["source_start_seconds"] == "1/2"


@pytest.mark.parametrize(("words", "limited"), [([], True), (["--allow-flashes"], False)])
def test_flashes_are_limited_unless_allowed(run, song, tmp_path, words, limited):
    assert run("render", song, "--out", tmp_path, *CARDS, "--fps", "24", "--seconds", "0.25", *words)[0] == 0
    (request,) = tmp_path.glob("*/film.json")
    assert json.loads(request.read_text())["limit_flashes"] is limited


def test_standard_output_carries_the_film_and_nothing_else(song, heard, tmp_path):
    command = [sys.executable, "-m", "core", "render", song, "--out", "-", *CARDS, "--fps", "10", "--cache", heard]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    with av.open(io.BytesIO(done.stdout), format="yuv4mpegpipe") as container:
        assert [read_card(image.to_ndarray(format="rgb24")) for image in container.decode(video=0)] == [(n, 0) for n in range(20)]
    assert b"20 frames" in done.stderr


def test_a_reader_that_ends_early_ends_it_without_complaint(song, heard, tmp_path):
    command = [sys.executable, "-m", "core", "render", song, "--out", "-", *CARDS, "--fps", "60", "--cache", heard]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert b"Traceback" not in said
    assert b"Exception" not in said


def test_ctrl_c_keeps_what_is_finished(song, heard, tmp_path):
    command = [sys.executable, "-m", "core", "render", song, "--out", tmp_path, *CARDS, "--fps", "60", "--cache", heard]
    with subprocess.Popen([*command, "--fault", "hang@12"], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: films.kept_pictures(heard))
        finally:
            process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "What is finished is kept" in said
    assert "Traceback" not in said
    assert not [path for path in films.files_below(tmp_path) if path.name.startswith(".writing")]


# JSON lines -----------------------------------------------------------------------------------------------------------------------------


def test_json_lines_tell_progress_and_the_film(run, song, tmp_path):
    code, said = run("render", song, "--out", tmp_path, *CARDS, "--fps", "25", "--seconds", "4", "--json")
    *progress, drawn = [decode(line, Message) for line in said.splitlines()]
    assert code == 0
    assert all(isinstance(event, Progress) for event in progress)
    assert (progress[0].stage, progress[-1].done) == (Stage.LISTENING, 100)
    assert isinstance(drawn, Drawn)
    assert len(films.content(drawn.frames)) == 100
    assert "goes on to 4.0 s" in drawn.warnings[0]


def test_json_lines_tell_failures(run, tmp_path):
    code, said = run("render", tmp_path / "gone.wav", "--out", tmp_path, "--json")
    failed = decode(said, Failed)
    assert code == 1
    assert "gone.wav" in failed.cause
    assert failed.cure


# Refusals, all before anything is drawn --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, parameter in PARAMETERS.items() if isinstance(parameter.maximum, int)])
def test_parameters_out_of_range_are_refused(run, song, tmp_path, name):
    code, said = run("render", song, "--out", tmp_path / "out", f"--{name.replace('_', '-')}", PARAMETERS[name].maximum + 1)
    assert code == 1
    assert PARAMETERS[name].label in said
    assert "→" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fps", "0"),
        ("--fps", "-24"),
        ("--fps", "fast"),
        ("--fps", "30/0"),
        ("--fps", "1000"),
        ("--fps", "nan"),
        ("--seconds", "long"),
        ("--seconds", "0"),
        ("--seconds", "-3"),
        ("--seconds", "1e400"),
        ("--seed", "1.5"),
        ("--unknown", "1"),
    ],
)
def test_what_is_no_value_is_a_wrong_usage(run, song, tmp_path, arguments):
    code, said = run("render", song, "--out", tmp_path / "out", *arguments)
    assert code == 2
    assert arguments[0] in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--jitter", "nan"), "Jitter"),
        (("--classes", "1", "1"), "twice"),
        (("--classes", "1000"), "1000"),
        (("--start", "9"), "--start"),
        (("--section", "0:1", "truncation=7"), "Truncation"),
        (("--section", "1:9", "seed=1"), "within"),
        (("--section", "1:x"), "no section"),
        (("--section", "0:1", "colour=red"), "no section"),
        (("--model", "biggest"), "biggest"),
        (("--model", "biggan-deep", "--size", "200"), "200"),
        (("--device", "tpu"), "tpu"),
        (("--device", "cpu", "--precision", "float16"), "float32 or bfloat16"),
        (("--size", "512"), "--size"),
        (("--aspect", "100:1"), "1:10 to 10:1"),
        (("--aspect", "16:9", "--width", "64", "--height", "64"), "Give one of them"),
        (("--width", "64"), "--height"),
        (("--width", "64", "--height", "0"), "--height"),
        (("--width", "63", "--height", "64"), "even"),
        (("--upscale", "2", "--upscaler", "gone"), "no upscaler"),
    ],
)
def test_requests_without_a_film_are_refused(run, song, tmp_path, arguments, word):
    code, said = run("render", song, "--out", tmp_path / "out", *arguments)
    assert code == 1
    assert word in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", sounds.BAD)
def test_bad_sounds_are_refused(run, tmp_path, kind):
    path = sounds.write_bad(tmp_path, kind)
    code, said = run("render", path, "--out", tmp_path / "out")
    assert code == 1
    assert path.name in said
    assert "→" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["film.mov", "film.MKV", "a.webm"])
def test_films_of_other_kinds_are_refused_with_the_way_out(run, song, tmp_path, out):
    code, said = run("render", song, "--out", tmp_path / out, *CARDS)
    assert code == 1
    assert "ffmpeg" in said
    assert not (tmp_path / out).exists()


def test_an_mp4_that_could_not_be_written_is_told_before_drawing(run, song, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, said = run("render", song, "--out", tmp_path / "file" / "film.mp4", *CARDS)
    assert code == 1
    assert "cannot be written" in said
    assert not (tmp_path / "user cache").exists()


# The other commands ---------------------------------------------------------------------------------------------------------------------


def test_a_contact_sheet_is_made_of_a_films_folder(run, song, tmp_path):
    run("render", song, "--out", tmp_path, *CARDS, "--fps", "24", "--seconds", "1")
    (folder,) = {path.parent for path in frames_in(tmp_path)}
    (folder / ".writing-1.png").write_bytes(b"half")  # what a killed process may leave
    assert run("contact-sheet", folder, "--out", tmp_path / "sheet.png")[0] == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert np.asarray(sheet).std() > 20


@pytest.mark.parametrize("out", ["sheet", "sheet.mp5"])
def test_a_contact_sheet_of_no_known_kind_is_refused(run, tmp_path, out):
    (tmp_path / "1.png").write_bytes(pictures.encode_png(np.zeros((8, 8, 3), np.uint8)))
    code, said = run("contact-sheet", tmp_path, "--out", tmp_path / out)
    assert code == 1
    assert "sheet.png" in said
    assert [path.name for path in tmp_path.iterdir()] == ["1.png"]


def test_a_contact_sheet_needs_whole_frames(run, tmp_path):
    assert "no frames" in run("contact-sheet", tmp_path, "--out", tmp_path / "sheet.png")[1]
    (tmp_path / "1.png").write_bytes(b"damaged")
    code, said = run("contact-sheet", tmp_path, "--out", tmp_path / "sheet.png")
    assert code == 1
    assert "1.png" in said


def test_an_edit_description_becomes_a_timeline(run, tmp_path):
    edit = Edit(name="Song", fps=Fraction(25), tracks=(Track(name="a", kind="video", items=(Gap(frame_count=5),)),))
    (tmp_path / "a.chromastrip").write_text(encode(edit))
    assert run("export", tmp_path / "a.chromastrip", "--out", tmp_path / "a.otio")[0] == 0
    assert json.loads((tmp_path / "a.otio").read_text())["name"] == "Song"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"type": "Edit", "name": "a"}'])
def test_what_is_no_edit_is_refused(run, tmp_path, content):
    (tmp_path / "a.chromastrip").write_bytes(content)
    code, said = run("export", tmp_path / "a.chromastrip", "--out", tmp_path / "a.otio")
    assert code == 1
    assert "a.chromastrip" in said
    assert not (tmp_path / "a.otio").exists()


def test_help_explains_every_parameter(capsys):
    with pytest.raises(SystemExit) as end:
        main(["render", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert end.value.code == 0
    for name, parameter in PARAMETERS.items():
        assert f"--{name.replace('_', '-')}" in said
        assert parameter.help.split(". ")[0] in said
    assert "--fault" not in said


def test_help_comes_at_once():
    program = """
import runpy, sys
sys.argv = ["core", "--help"]
try:
    runpy.run_module("core", run_name="__main__")
finally:
    print(sorted(sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert "render" in said
    assert not [name for name in ("torch", "librosa", "numpy", "av") if f"'{name}'" in said]


def test_without_a_command_the_usage_is_told(run):
    code, said = run()
    assert code == 2
    assert "COMMAND" in said


def test_an_unwritable_standard_error_encoding_is_no_obstacle(song, heard, tmp_path):
    command = [sys.executable, "-m", "core", "render", song, "--out", tmp_path, *CARDS, "--fps", "5", "--cache", heard]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert done.returncode == 0


def test_a_section_changes_only_its_own_frames(run, song, tmp_path):
    for out, section in (("plain", []), ("section", ["--section", "0.5:1.5", "seed=9", "landing=0.2"])):
        assert run("render", song, "--out", tmp_path / out, "--fps", "8", *section)[0] == 0
    plain, changed = ([path.read_bytes() for path in frames_in(tmp_path / out)] for out in ("plain", "section"))
    differing = {frame for frame in range(len(plain)) if plain[frame] != changed[frame]}
    assert {6, 7, 8, 9} <= differing <= set(range(4, 12))
