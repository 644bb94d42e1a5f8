"""Pictures of Fluent Emoji as npm fetches them, once, into the user's cache folder: every figure that the table names is there."""

import numpy as np
import pytest

from core.protocol import UserError
from tests import emoji_packages
from tools.figures import classes, drawn, fluent
from tools.things import emoji


@pytest.fixture(scope="module", autouse=True)
def package_and_list():
    """Fetch what is needed; skip the tests where there is no way to it, but not where it is damaged."""
    emoji_packages.need()
    try:
        fluent.archive()
    except UserError as error:
        if "damaged" in error.cause:
            raise
        pytest.skip(str(error))


def test_every_figure_of_the_table_has_a_picture_that_fills_most_of_its_frame():
    figures = {figure for thing in classes.things() if thing.name not in drawn.FIGURES for figure in thing.pictures}
    assert len(figures) >= 550
    for figure in figures:
        picture = fluent.picture(figure)
        assert (picture.dtype, picture.shape) == (np.uint8, (256, 256, 4)), figure.name
        rows, columns = np.nonzero(picture[..., 3] > 127)
        assert 170 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 256, figure.name


def test_no_two_figures_of_the_table_are_the_same_picture():
    figures = {figure for thing in classes.things() if thing.name not in drawn.FIGURES for figure in thing.pictures}
    assert len({fluent.picture(figure).tobytes() for figure in figures}) == len(figures)


def test_a_picture_that_is_not_there_is_told_with_what_to_do():
    nothing = emoji.Emoji(text="x", name="letter x", group="", subgroup="")
    with pytest.raises(UserError, match="letter x") as told:
        fluent.picture(nothing)
    assert "classes.tsv" in told.value.cure
