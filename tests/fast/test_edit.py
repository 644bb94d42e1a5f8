"""Frame sequences and their names."""

from hypothesis import given
from hypothesis import strategies as st

from core.protocol import FrameSequence


@given(st.integers(0, 10**7), st.integers(0, 30), st.integers(1, 8))
def test_names_are_numbered_without_a_hole(first, count, digits):
    names = FrameSequence(folder="/f", prefix="a_", suffix=".png", first_number=first, digits=digits, frame_count=count).file_names()
    assert [int(name.removeprefix("a_").removesuffix(".png")) for name in names] == list(range(first, first + count))
    assert all(len(name) == len("a_.png") + max(digits, len(str(first + i))) for i, name in enumerate(names))
