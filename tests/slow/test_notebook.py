"""The notebook, executed whole by Jupyter's own client as a reader would run it: nothing changed, from top to bottom."""

import json
import shutil
import subprocess
import zipfile

import av
import pytest

import build_addon
from tools.environments import NOTEBOOK, ROOT, clean_environ

PAGE = ROOT / "docs" / "notebooks" / "chromastrip.ipynb"
SHORT = {"SECONDS = 12": "SECONDS = 2", "film.redone(5, 8,": "film.redone(1, 1.5,"}
"""What a test has of the notebook's song: all else is as readers have it."""
EXECUTE = """if True:
    import sys, nbformat
    from nbclient import NotebookClient
    page = nbformat.read(sys.argv[1], as_version=4)
    nbformat.validate(page)
    NotebookClient(page, timeout=600, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
    nbformat.write(page, sys.argv[1])
"""


def execute(folder, changes):
    """Execute the notebook in a folder that looks like a clone, and give its code cells."""
    package, tools, here = folder / "packages" / "chromastrip", folder / "tools", folder / "docs" / "notebooks"
    for name, data in build_addon.contents().items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_bytes(data)
    (package / "__init__.py").write_text("")  # as pip installs it, without the add-on's
    for path in (tools, here):
        path.mkdir(parents=True)
    for name in ("demo_song.ogg", "demo_song.lrc"):
        shutil.copy(ROOT / "tools" / name, tools)
    text = PAGE.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (here / PAGE.name).write_text(text, encoding="utf-8")
    environ = clean_environ(PYTHONPATH=str(package.parent), XDG_CACHE_HOME=str(folder / "cache"), IPYTHONDIR=str(folder / "ipython"))
    done = subprocess.run(
        [NOTEBOOK.python, "-c", EXECUTE, here / PAGE.name, here], env=environ, capture_output=True, text=True, timeout=900, check=False
    )
    cells = json.loads((here / PAGE.name).read_text(encoding="utf-8"))["cells"]
    return done, {"".join(cell["source"]): cell["outputs"] for cell in cells if cell["cell_type"] == "code"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not NOTEBOOK.is_ready:
        pytest.skip("Jupyter is not installed: run `python3 dev.py setup --all`")
    return tmp_path_factory.mktemp("clone")


@pytest.fixture(scope="module")
def executed(folder):
    done, outputs = execute(folder, SHORT)
    assert done.returncode == 0, done.stderr
    return outputs


def kinds(outputs, *, of):
    (cell,) = (cell for cell in outputs if of in cell)
    return [kind for output in outputs[cell] for kind in output.get("data", ())]


def test_every_cell_shows_what_it_says(executed):
    shown = {
        "film.plot()": "image/png",
        "film.cue_sheet()": "text/html",
        "notebook.search(": "text/html",
        "film.draft()": "text/html",
        "sliders = ": "application/vnd.jupyter.widget-view+json",
        "film.redone(": "text/html",
        "notebook.offer(": "text/html",
    }
    assert {cell: kind for cell, kind in shown.items() if kind not in kinds(executed, of=cell)} == {}


def test_a_movie_is_in_the_page(executed):
    (cell,) = (cell for cell in executed if cell == "film.render()")
    html = "".join("".join(output["data"]["text/html"]) for output in executed[cell] if "text/html" in output.get("data", ()))
    assert "data:video/mp4;base64," in html


def test_movie_frames_and_timeline_are_taken_home(executed, folder):
    (taken,) = (folder / "docs" / "notebooks" / "chromastrip_film").glob("*.zip")
    with zipfile.ZipFile(taken) as archive:
        archive.extractall(folder / "home")
    (cell,) = (cell for cell in executed if "notebook.offer(" in cell)
    assert "href='chromastrip_film/" in "".join(executed[cell][-1]["data"]["text/html"])  # a page links to what lies below it only
    frames = sorted((folder / "home").rglob("*.png"))
    assert len(frames) == 48
    with av.open(str(folder / "home" / "film.mp4")) as movie:
        assert (movie.streams.video[0].frames, len(movie.streams.audio)) == (48, 1)
    (track, _) = json.loads((folder / "home" / "film.otio").read_text())["tracks"]["children"]
    (clip,) = track["children"]
    media = clip["media_references"]["DEFAULT_MEDIA"]
    assert (folder / "home" / media["target_url_base"]).resolve() == frames[0].parent.resolve()


def test_the_film_draws_only_what_its_draft_has_not(executed, folder):
    made = (folder / "docs" / "notebooks" / "chromastrip_film" / "frames").iterdir()
    draft, *films = sorted(({path.stat().st_ino for path in film.glob("*.png")} for film in made), key=len)
    assert len(draft) == 16
    assert any(draft <= film for film in films)  # the same files, kept in the cache


def test_the_notebook_is_kept_without_what_it_has_shown():
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code")
