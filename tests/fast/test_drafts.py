"""Drafts: the same film, drawn by what is fast and here."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from core.backends import Backends
from core.drafts import draft_of
from core.protocol import Cue, Model, Section, Settings
from tests import films

PLAIN = films.request(Path("/tmp"), Path("/tmp/song.wav"))


def drafted(settings, *, here=True, **changes):
    return draft_of(replace(PLAIN, settings=settings, **changes), is_here=lambda _: here)


def test_a_large_film_is_drafted_by_the_same_model_at_128():
    settings = Settings(model=Model.BIGGAN, size=512, seed=3, classes=(1, 2), class_count=2)
    assert drafted(settings).settings == replace(settings, size=128)


def test_without_the_small_network_the_embedded_model_draws():
    settings = Settings(model=Model.BIGGAN, size=512, seed=3)
    assert drafted(settings, here=False).settings == replace(settings, model=Model.EMOJI, size=128)


def test_an_own_network_is_drafted_by_the_embedded_model_with_things_that_it_knows():
    cue = Cue(start_seconds=Fraction(0), end_seconds=Fraction(1), classes=(2001,))
    settings = Settings(model=Model.OWN, own_model="mine", size=256, classes=(5, 1500), class_count=2, cues=(cue,))
    draft = drafted(settings).settings
    assert (draft.model, draft.own_model, draft.size) == (Model.EMOJI, "", 128)
    assert (draft.classes, draft.cues[0].classes) == ((5, 500), (1,))
    assert not [*draft.problems()]


def test_sections_are_drafted_as_their_film():
    final = Settings(model=Model.BIGGAN, size=256)
    section = Section(first_frame=2, end_frame=5, settings=replace(final, seed=9))
    draft = drafted(final, sections=(section,))
    assert draft.sections == (replace(section, settings=replace(section.settings, size=128)),)


def test_all_but_the_network_stays():
    settings = Settings(model=Model.BIGGAN, size=256)
    asked = replace(PLAIN, settings=settings, beats_seconds=(Fraction(1),))
    assert replace(draft_of(asked, is_here=lambda _: True), settings=settings) == asked


@pytest.mark.parametrize("model", [Model.EMOJI, Model.ABSTRACT, Model.SYNC_CARD])
def test_what_is_as_small_already_is_its_own_draft(model, tmp_path):
    asked = replace(PLAIN, settings=Settings(model=model), cache_folder=str(tmp_path))
    assert Backends(models_folder=tmp_path).draft_of(asked) == asked


def test_weights_that_are_not_here_are_noticed(tmp_path):
    asked = replace(PLAIN, settings=Settings(model=Model.BIGGAN, size=512), cache_folder=str(tmp_path))
    assert Backends(models_folder=tmp_path).draft_of(asked).settings.model == Model.EMOJI
