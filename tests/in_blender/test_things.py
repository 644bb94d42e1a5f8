"""The list of things: order, pins, chance, what is excluded; and that the strip's text, the list and the request say the same."""

import bpy
import pytest


@pytest.fixture
def sound(saved_film, add_sound, click_track):
    return add_sound(click_track(seconds=1, clicks=[0.5]))


@pytest.fixture
def settings(sound):
    return sound.chromastrip


def listed(settings):
    return [item.name for item in settings.things]


def press(name, **options):
    assert getattr(bpy.ops.chromastrip, name)(**options) == {"FINISHED"}


def test_the_list_says_what_the_text_says(settings):
    settings.classes = "tabby, 579 ,strawberry"
    assert listed(settings) == ["tabby", "579", "strawberry"]
    settings.classes = ""
    assert listed(settings) == []


def test_adding_removing_and_ordering_change_what_is_asked_for(addon, settings):
    for class_id in ("281", "579", "949"):
        press("add_thing", list="classes", thing=class_id)
    press("add_thing", list="classes", thing="579")  # is there already
    assert settings.classes == "tabby cat, grand piano, strawberry"
    assert settings.thing == 2
    press("move_thing", step=-1)
    assert addon.properties.read_settings(settings).classes == (281, 949, 579)
    assert settings.thing == 1
    press("remove_thing", list="classes")
    assert addon.properties.read_settings(settings).classes == (281, 579)
    press("clear_things")
    assert addon.properties.read_settings(settings).classes == ()


def test_the_ends_of_the_list_are_ends(settings):
    settings.classes = "tabby cat, strawberry"
    settings.thing = 0
    assert bpy.ops.chromastrip.move_thing(step=-1) == {"CANCELLED"}
    assert settings.classes == "tabby cat, strawberry"


def test_the_search_finds_all_names_and_kinds(addon):
    offered = addon.operators.things.offered_things
    for which, count in (("classes", 1000), ("excluded", 1000 + 48)):

        class Asked:
            list = which

        items = offered(Asked, None)
        assert len({number for *_, number in items}) == len(items)
        assert len({identifier for identifier, *_ in items}) == len(items) >= count - 10
    assert any(label == "tabby cat  (cat)" for _, label, *_ in items)


def test_each_thing_has_a_small_picture_of_its_own_in_its_colours(addon):
    addon.thing_pictures.read()
    pictures = addon.thing_pictures._pictures  # they have numbers in a window only
    assert list(pictures) == [str(number) for number in range(1000)]
    strawberry, blue_jay = (mean_colour(pictures[number]) for number in ("949", "17"))
    assert strawberry[0] > strawberry[2]
    assert strawberry != blue_jay
    assert not bpy.data.images


def mean_colour(picture):
    pixels = list(picture.icon_pixels_float)
    return [sum(pixels[channel::4]) * 4 / len(pixels) for channel in range(3)]


def test_without_their_sheet_lists_have_no_pictures_and_work(addon, monkeypatch, tmp_path):
    addon.thing_pictures.unregister()
    addon.operators.things.forget_offered()
    monkeypatch.setattr(addon.thing_pictures, "SHEET", tmp_path / "gone.jpg")
    addon.thing_pictures.read()
    assert addon.thing_pictures.icon(949) == 0
    addon.thing_pictures.unregister()


def test_shuffle_keeps_pinned_things_and_takes_no_excluded_ones(addon, settings):
    settings.classes = "tabby cat, grand piano, strawberry, lemon"
    settings.excluded = "dog, bird"
    settings.things[1].is_pinned = True
    press("shuffle_things", seed=5)
    first = listed(settings)
    assert first[1] == "grand piano"
    assert len(set(first)) == 4
    assert not set(first) & {"tabby cat", "strawberry", "lemon"}
    assert [item.is_pinned for item in settings.things] == [False, True, False, False]
    excluded = set(addon.things.excluded_classes("dog, bird"))
    for seed in range(20):
        press("shuffle_things", seed=seed)
        assert not excluded & set(addon.properties.read_settings(settings).classes)
    press("shuffle_things", seed=5)
    assert listed(settings) == first


def test_excluding_takes_things_off_the_list_and_reaches_the_request(addon, settings):
    settings.classes = "tabby cat, tiger, strawberry"
    settings.thing = 0
    press("exclude_thing")
    assert (settings.classes, settings.excluded) == ("tiger, strawberry", "tabby cat")
    press("exclude_thing", whole_kind=True)
    assert (settings.classes, settings.excluded) == ("strawberry", "tabby cat, big cat")
    assert set(addon.properties.read_settings(settings).excluded) == {281, *range(286, 294)}
    assert [item.name for item in settings.excluded_things] == ["tabby cat", "big cat"]
    with pytest.raises(RuntimeError, match="is excluded"):
        bpy.ops.chromastrip.add_thing(list="classes", thing="281")
    settings.excluded_thing = 0
    press("remove_thing", list="excluded")
    assert settings.excluded == "big cat"
    press("add_thing", list="excluded", thing="kind spider")
    assert settings.excluded == "big cat, spider"


def test_fill_by_seed_lists_what_the_seed_shows_and_keeps_pins(addon, settings, wait, run_worker):
    settings.seed, settings.class_count, settings.excluded, settings.blend = 7, 5, "dog", 1.0
    press("fill_things")
    wait()
    assert addon.jobs.state.error is None
    shown = run_worker(
        "import json; from core.latents import choose_classes, random_streams; from core.protocol.class_names import resolve_group;"
        "print(json.dumps(choose_classes(random_streams(7)[0], count=5, excluded=resolve_group('dog'))))"
    )
    assert list(addon.properties.read_settings(settings).classes) == shown
    settings.classes = f"{settings.classes}, tiger"
    settings.things[5].is_pinned = True
    settings.seed = 8
    press("fill_things")
    wait()
    assert listed(settings)[0] == "tiger"
    assert len(set(listed(settings))) == 6


def test_a_film_and_a_redo_carry_what_is_excluded(addon, settings, sound, saved_film, wait, films):
    settings.excluded = "dog, tabby cat"
    press("generate")
    wait()
    (film,) = films()
    assert film.chromastrip.excluded == "dog, tabby cat"
    assert addon.sections.state(film) == addon.sections.State.FRESH
    film.chromastrip.excluded = "dog"
    assert addon.sections.state(film) == addon.sections.State.STALE
    film.chromastrip.classes = sound.chromastrip.classes = "tiger"
    digest = addon.sections.settings_digest(film)
    film.chromastrip.excluded = "dog, spider"  # things are chosen: the seed chooses none
    assert addon.sections.settings_digest(film) == digest
    film.chromastrip.classes, film.chromastrip.excluded = "", "dog"
    sound.select, film.select = False, True
    saved_film.editor.active_strip = film
    press("redo")
    assert settings.excluded == "dog"


def test_strips_of_older_files_get_their_list_when_opened(addon, settings, saved_film):
    settings.classes = "tabby cat, unicorn"
    settings.things.clear()  # as it is in a file of an older version
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    (strip,) = bpy.context.scene.sequence_editor.strips
    assert listed(strip.chromastrip) == ["tabby cat", "unicorn"]
    assert not addon.things.known("unicorn").classes


def test_a_thousand_things_are_listed_and_refused_with_words(addon, settings):
    names = [addon.things.name_of(number) for number in range(1000)]
    settings.classes = ", ".join(names)
    assert listed(settings) == names
    problems = list(addon.properties.read_settings(settings).problems())
    assert problems == ["Things is 1000: it must lie between 1 and 120."]
