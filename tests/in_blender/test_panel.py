"""The panel's first screen: its order, its fixed heights, what it says. Drawn into a layout that only notes what it is given."""

import os
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

WIDTH = 300  # pixels


class Layout:
    """Notes what is drawn, and how high that is: rows of text count 1."""

    def __init__(self, *, is_row=False, seen=None):
        self.is_row, self.height, self.seen = is_row, 0.0, [] if seen is None else seen
        self.parts = []

    def _part(self, *, is_row):
        part = Layout(is_row=is_row, seen=self.seen)
        self.parts.append(part)
        return part

    def _leaf(self, name, height=1.0):
        self.seen.append(name)
        self.parts.append(SimpleNamespace(total=lambda: height))
        return SimpleNamespace()

    def total(self):
        heights = [part.total() for part in self.parts]
        return (max if self.is_row else sum)([*heights, 0.0])

    def column(self, **_):
        return self._part(is_row=False)

    box = column

    def row(self, **_):
        return self._part(is_row=True)

    split = row

    def grid_flow(self, **_):
        return self._part(is_row=False)

    def panel(self, *_, **__):
        return self._part(is_row=True), self._part(is_row=False)

    def operator(self, name, **_):
        return self._leaf(name)

    def label(self, *, text="", **_):
        return self._leaf(text)

    def prop(self, _data, name, **_):
        return self._leaf(name)

    def prop_search(self, _data, name, *_, **__):
        return self._leaf(name)

    def prop_enum(self, _data, name, value, **_):
        return self._leaf(f"{name}={value}")

    def progress(self, *, text="", **_):
        return self._leaf(text)

    def popover(self, name, **_):
        return self._leaf(name)

    menu = popover

    def template_list(self, name, *_, rows, **__):
        return self._leaf(name, rows)

    def template_icon(self, _icon, *, scale):
        return self._leaf("picture", scale)

    def separator(self, **_):
        return self._leaf("", 0.5)


@pytest.fixture
def sound(saved_film, add_sound, click_track):
    saved_film.scene.view_settings.view_transform = "Standard"
    return add_sound(click_track(seconds=2, clicks=[0.5, 1.0]))


@pytest.fixture
def context(saved_film):
    region, preferences = SimpleNamespace(width=WIDTH), SimpleNamespace(system=SimpleNamespace(ui_scale=1.0))
    return SimpleNamespace(
        region=region, preferences=preferences, scene=saved_film.scene, sequencer_scene=saved_film.scene, active_strip=None
    )


@pytest.fixture
def draw(addon, context, saved_film, monkeypatch):
    """Give a function that draws the panel for the active strip."""
    monkeypatch.setattr(addon.engine_buttons, "is_missing", lambda: False)

    def panel():
        context.active_strip = saved_film.editor.active_strip
        layout = Layout()
        addon.panels.CHROMASTRIP_PT_main.draw(SimpleNamespace(layout=layout), context)
        return layout

    return panel


def test_the_first_screen_asks_for_style_subjects_lyrics_seed_and_shape_then_offers_generate(draw, sound):
    seen = draw().seen
    order = ["chromastrip.use_style", "CHROMASTRIP_UL_things", "lyrics_path", "seed", "shape", "chromastrip.generate"]
    assert sorted(order, key=seen.index) == order


def test_closed_subjects_say_what_shows(draw, sound):
    assert "Subjects: as the song goes" in draw().seen
    sound.chromastrip.classes = "tabby cat, tiger, strawberry"
    assert "Subjects: tabby cat, tiger and 1 more" in draw().seen


def test_how_long_a_film_may_take_stands_below_generate_whatever_else_is_told(addon, draw, sound, monkeypatch):
    monkeypatch.setattr(addon.pace, "expected", lambda _scene, _strip: "50 pictures: about 2 s on this machine")
    for is_told in (False, True):
        sound.mute = is_told  # with nothing to press
        seen = draw().seen
        assert seen.index("chromastrip.generate") < seen.index("50 pictures: about 2 s on this machine")


def test_each_style_has_a_picture_and_says_what_it_does(addon, draw, sound):
    styles = addon.presets.STYLES
    assert draw().seen.count("picture") == len(styles)
    describe = addon.presets.CHROMASTRIP_OT_use_style.description
    told = {describe(None, SimpleNamespace(style=style)) for style in styles}
    assert len(told) == len(styles)


@pytest.mark.parametrize("panel", ["motion", "hits", "listening"])
def test_numbers_start_closed(addon, panel):
    assert "DEFAULT_CLOSED" in getattr(addon.panels, f"CHROMASTRIP_PT_{panel}").bl_options


def test_the_nine_amounts_of_bands_stand_in_a_grid(addon, sound, context):
    layout = Layout()
    addon.panels.motion._draw_bands(layout, sound)
    heads, *rows = layout.parts[0].parts
    assert layout.seen[1:4] == ["Low", "Mid", "High"]
    assert len(rows) == 3
    assert [len(row.parts[1].parts) for row in (heads, *rows)] == [3, 3, 3, 3]


def told(addon, name):
    protocol_error = addon.jobs.UserError
    state, listed = addon.jobs.state, addon.job_list.state
    if name == "error":
        state.error = protocol_error("A very long cause of a fault that nobody has seen before. " * 5, "And a cure for it.")
    elif name == "notes":
        state.notes = ("Wrote /a/path/that/is/as/long/as/paths/are/in/a/home/folder/film.otio", "and more", "and more still")
    elif name == "a job":
        state.job = addon.jobs.Question(job_id="x", take=print, busy_words="Something is asked")
    elif name == "a job that has told":
        state.job = addon.jobs.Question(job_id="x", take=print, busy_words="Something is asked")
        state.progress = addon.jobs.Progress(job_id="x", stage="Drawing", done=3, total=9, frames_per_second=2.0, seconds_left=3.0)
        state.begun = True
    elif name == "unfinished films":
        request = SimpleNamespace(name="A film with a name that is quite long", frame_count=9)
        listed.offered = (SimpleNamespace(request=request),) * 3
    elif name == "films elsewhere":
        addon.keeping.moving.state.elsewhere = (Path("/x"),)


@pytest.fixture
def quiet(addon):
    yield
    addon.jobs.state.__init__()
    addon.job_list.state.offered = ()
    addon.keeping.moving.state.elsewhere = ()


STATES = ["nothing", "error", "notes", "a job", "a job that has told", "unfinished films", "films elsewhere"]


def test_the_status_is_as_high_whatever_it_tells(addon, draw, sound, quiet):
    heights = {}
    for name in STATES:
        addon.jobs.state.__init__()
        addon.job_list.state.offered = ()
        told(addon, name)
        heights[name] = draw().total()
    assert len(set(heights.values())) == 1, heights


def test_what_is_cut_off_can_be_read_in_full(addon, draw, sound, context, quiet):
    told(addon, "error")
    told(addon, "unfinished films")
    assert "CHROMASTRIP_PT_messages" in draw().seen
    layout = Layout()
    addon.panels.CHROMASTRIP_PT_messages.draw(SimpleNamespace(layout=layout), context)
    assert " ".join(layout.seen).count("very long cause") == 5
    assert {"chromastrip.copy_error", "chromastrip.insert_finished_frames"} <= set(layout.seen)


def test_nothing_moves_while_a_film_is_drawn(draw, sound, wait, fault, films):
    fault("slow@0.1")
    heights = {draw().total()}
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait(until=lambda: heights.add(draw().total()))
    assert len(films()) == 1
    heights.add(draw().total())
    assert len(heights) == 1, heights


def test_render_is_grey_where_nothing_is_stale(addon, saved_film, sound, wait, films):
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (film,) = films()
    sound.select, film.select, saved_film.editor.active_strip = False, True, film
    assert bpy.ops.chromastrip.render.poll()  # nobody has looked at its files yet
    addon.sections._noted.wanted = (saved_film.scene.name, film.name)
    addon.sections._look_again()
    assert not bpy.ops.chromastrip.render.poll()
    film.chromastrip.seed = 9
    assert bpy.ops.chromastrip.render.poll()
    film.chromastrip.seed = 0
    assert not bpy.ops.chromastrip.render.poll()
    next((saved_film.folder / "chromastrip").rglob("*_000003.png")).unlink()
    addon.sections._look_again()
    assert bpy.ops.chromastrip.render.poll()


def test_what_redo_is_called_says_that_it_changes_the_sound(addon):
    assert "Sound" in addon.operators.pieces.CHROMASTRIP_OT_redo.bl_label


def test_notes_go_with_what_they_tell_of_when_it_is_undone(addon, sound):
    bpy.ops.ed.undo_push(message="Before")
    sound.chromastrip.seed = 3
    bpy.ops.ed.undo_push(message="Seed")
    addon.jobs.state.notes = ("Added 12 markers.",)
    bpy.ops.ed.undo()
    assert addon.jobs.state.notes == ()


def test_what_has_been_read_can_be_taken_away(addon, sound, quiet):
    told(addon, "error")
    told(addon, "notes")
    bpy.ops.chromastrip.dismiss()
    assert addon.jobs.state.error is None
    bpy.ops.chromastrip.dismiss()
    assert addon.jobs.state.notes == ()


@pytest.mark.parametrize("count", [1, 2])
def test_sentences_agree_with_their_numbers(addon, count):
    words = addon.lines.counted(count, "film", "of this file lie")
    assert words == {1: "1 film of this file lies", 2: "2 films of this file lie"}[count]


def test_files_are_chosen_beside_the_sound_or_the_blend_and_no_name_is_offered(addon, saved_film, sound):
    asked = SimpleNamespace(window_manager=SimpleNamespace(fileselect_add=lambda _: None))
    operator = SimpleNamespace(filepath="")
    assert addon.asking.choose_file(operator, asked) == {"RUNNING_MODAL"}
    assert operator.filepath == f"{saved_film.folder}{os.sep}"
    place = addon.sections.sound_place(saved_film.scene, sound)
    addon.asking.choose_file(operator, asked, near=place)
    assert operator.filepath == f"{Path(place).parent}{os.sep}"


def test_the_engine_steps_back_unless_the_user_wants_otherwise(addon, sound, wait):
    preferences = bpy.context.preferences.addons["bl_ext.user_default.chromastrip"].preferences
    for steps_back in (True, False):
        addon.jobs.end_worker()
        preferences.steps_back = steps_back
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait(until=lambda: addon.jobs.state.progress is not None)
        priority = os.getpriority(os.PRIO_PROCESS, addon.jobs.worker_pid()) - os.getpriority(os.PRIO_PROCESS, 0)
        assert (priority > 0) == steps_back
        bpy.ops.chromastrip.cancel()
        wait()
    preferences.steps_back = True


def test_a_file_of_lyrics_is_read_at_once_when_it_is_chosen(addon, saved_film, sound, wait):
    words = saved_film.folder / "words.lrc"
    words.write_text("[00:00.50]the dog is barking\n[00:01.20]the moon is up\n", encoding="utf-8")
    sound.chromastrip.lyrics_strategy = "best"
    assert bpy.ops.chromastrip.choose_lyrics(filepath=str(words)) == {"FINISHED"}
    assert bpy.app.timers.is_registered(addon.lyrics.read_chosen)
    assert addon.lyrics.read_chosen() is None
    assert addon.jobs.state.busy
    assert addon.lyrics.read_chosen() is not None  # the engine is busy: later
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    assert len(saved_film.editor.strips[sound.name].chromastrip.lines) >= 2


def test_bars_are_offered_before_beats_whose_lines_would_hide_the_timeline(addon):
    assert {"BARS", "PARTS"} == addon.markers.FEW
    assert list(addon.markers.KINDS) == ["PARTS", "BARS", "BEATS"]


def test_folders_are_opened_by_their_whole_path(addon, sound, wait, films, context, saved_film):
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (film,) = films()
    opened = []
    layout = Layout()
    layout._leaf = lambda *_, **__: opened.append(SimpleNamespace()) or opened[-1]
    layout._part = lambda **_: layout
    addon.panels.CHROMASTRIP_PT_output._draw_film(SimpleNamespace(layout=layout), context, saved_film.scene, film)
    (path,) = [button.filepath for button in opened if hasattr(button, "filepath")]
    assert Path(path).is_dir()


def test_both_embedded_models_are_offered_with_a_picture_at_the_top_of_the_models(addon, sound, context):
    layout = Layout()
    addon.panels.CHROMASTRIP_PT_look.draw_settings(SimpleNamespace(layout=layout), context, sound)
    assert layout.seen[:5] == ["picture", "model=emoji", "picture", "model=abstract", "model"]
