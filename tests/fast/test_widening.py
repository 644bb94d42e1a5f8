"""Rules of a first map of another shape than 4 x 4."""

import pytest
import torch
from torch.nn import functional

from core.network.widening import widen
from core.protocol.shape import Widening

MAP = torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("widening", Widening)
def test_a_square_is_the_map_itself(widening: Widening) -> None:
    assert widen(MAP, rows=4, columns=4, widening=widening) is MAP


@pytest.mark.parametrize("widening", [Widening.EDGE, Widening.REFLECT])
@pytest.mark.parametrize("columns", [6, 8, 10])
def test_the_square_stands_unchanged_in_the_middle_of_an_even_width(widening: Widening, columns: int) -> None:
    begin = (columns - 4) // 2
    assert torch.equal(widen(MAP, rows=4, columns=columns, widening=widening)[..., begin : begin + 4], MAP)


def test_edge_repeats_the_edge_and_shifts_an_odd_width_by_half_a_column() -> None:
    even = widen(MAP, rows=8, columns=4, widening=Widening.EDGE)
    assert torch.equal(even, functional.pad(MAP, (0, 0, 2, 2), mode="replicate"))
    odd = widen(MAP, rows=4, columns=7, widening=Widening.EDGE)
    between = (MAP[..., :-1] + MAP[..., 1:]) / 2
    wanted = torch.cat([MAP[..., :1], MAP[..., :1], between, MAP[..., 3:], MAP[..., 3:]], dim=3)
    torch.testing.assert_close(odd, wanted)


@pytest.mark.parametrize(("rows", "columns"), [(4, 7), (7, 4), (4, 5), (9, 6)])
def test_stretch_is_the_bilinear_resize(rows: int, columns: int) -> None:
    wanted = functional.interpolate(MAP, (rows, columns), mode="bilinear", align_corners=False)
    torch.testing.assert_close(widen(MAP, rows=rows, columns=columns, widening=Widening.STRETCH), wanted)


def test_reflect_goes_there_and_back_again() -> None:
    wide = widen(MAP, rows=4, columns=12, widening=Widening.REFLECT)
    assert torch.equal(wide, torch.cat([MAP.flip(3), MAP, MAP.flip(3)], dim=3))


@pytest.mark.parametrize("widening", Widening)
def test_what_was_used_for_drawing_can_be_trained_with(widening: Widening) -> None:
    with torch.inference_mode():
        widen(MAP, rows=5, columns=11, widening=widening)
    trained = MAP.clone().requires_grad_()
    widen(trained, rows=5, columns=11, widening=widening).sum().backward()
    assert trained.grad is not None
    assert trained.grad.sum() == pytest.approx(2 * 5 * 5 * 11, rel=1e-5)  # each place passes on all of what it is
