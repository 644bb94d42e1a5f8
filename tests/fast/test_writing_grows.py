"""Writing takes work in step with the clips: counted in calls, not by a clock."""

import sys
from fractions import Fraction

import pytest

from core.handover.export import export
from core.protocol import Clip, Crossfade, Edit, ExportOptions, Marker, MediaFile, Missing, Track

FEW, TIMES = 40, 4
MOST = 1.4  # what four times as many clips may take, as a multiple of four times the work


def _edit(count):
    """So many clips of a quarter as many movies, with sound, fades and markers."""

    def clip(number, ending):
        media = MediaFile(path=f"/m/c{number % (count // 4)}.{ending}", frame_count=500)
        metadata = f'{{"film":"{number % 3}"}}' if ending == "mov" else ""
        return Clip(name=f"C {number}", media=media, source_start=Fraction(5), frame_count=48, metadata=metadata)

    pictures = [clip(number, "mov") for number in range(count)]
    faded = [
        one
        for number, item in enumerate(pictures)
        for one in ((Crossfade(in_frames=4, out_frames=4), item) if number % 4 == 1 else (item,))
    ]
    sounds = tuple(clip(number, "wav") for number in range(count))
    tracks = (Track(name="V", kind="video", items=tuple(faded)), Track(name="A", kind="audio", items=sounds))
    markers = tuple(Marker(name=f"M{number}", start=number * 20) for number in range(count))
    return Edit(name="E", fps=Fraction(24), tracks=tracks, markers=markers, width=640, height=360)


def _calls(work):
    """Count the calls that something makes, of Python's functions and of built-in ones."""
    count = 0

    def note(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl", ".aaf"])
def test_four_times_the_clips_are_four_times_the_work(tmp_path, ending):
    options = ExportOptions(missing=Missing.GO_ON)
    export(_edit(FEW), tmp_path / f"first{ending}", options=options)  # what is loaded once is loaded
    few, many = (
        _calls(lambda count=count: export(_edit(count), tmp_path / f"film{count}{ending}", options=options)) for count in (FEW, FEW * TIMES)
    )
    assert many < few * TIMES * MOST
