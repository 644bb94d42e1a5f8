"""What a request must be, before anything is listened to or drawn."""

from fractions import Fraction
from itertools import pairwise

from .protocol import RenderRequest, Section, UserError
from .protocol.shape import MOST_ASPECT

UPSCALES = (1, 2, 4)
MOST_PIXELS = 16_384
"""Along one side of a frame."""


def check(request: RenderRequest) -> None:
    """Refuse a request that no film can come from.

    Raises
    ------
    UserError
        Names the first value that is wrong.
    """
    for problem in request.settings.problems():
        raise UserError(problem, "Change it, then start again.")
    for problem in request.machine.problems():
        raise UserError(problem, "Choose another one.")
    for section in request.sections:
        _check_section(section, request)
    if request.frame_count < 1:
        raise UserError(f"The film would have {request.frame_count} frames.", "Choose a sound strip that is at least one frame long.")
    if request.fps <= 0:
        raise UserError(f"The frame rate is {request.fps}.", "Set a frame rate above 0.")
    _check_frames(request)
    for name, times in (("beats", request.beats_seconds), ("bars", request.bars_seconds)):
        if any(after <= before for before, after in pairwise(times)):
            raise UserError(f"The given {name} go back in time.", "Give their times in rising order, each once.")


def _check_frames(request: RenderRequest) -> None:
    if request.frame_aspect is not None and not 1 / MOST_ASPECT <= request.frame_aspect <= MOST_ASPECT:
        raise UserError(
            f"Frames would be {float(request.frame_aspect):g} times as wide as high.", f"Choose 1:{MOST_ASPECT} to {MOST_ASPECT}:1."
        )
    if request.upscale not in UPSCALES:
        raise UserError(f"Pictures would be made {request.upscale} times as large.", "Choose 1 (off), 2 or 4.")
    if request.frame_size is not None and not all(MOST_PIXELS >= side >= 2 and side % 2 == 0 for side in request.frame_size):  # noqa: PLR2004
        width, height = request.frame_size
        raise UserError(f"Frames would be {width} x {height} px.", f"Choose even numbers of pixels, at most {MOST_PIXELS}.")


def check_classes(request: RenderRequest, *, class_total: int) -> None:
    """Refuse classes that the network does not know.

    Raises
    ------
    UserError
        Names the first one.
    """
    settings = (request.settings, *(section.settings for section in request.sections))
    chosen = (number for one in settings for number in (*one.classes, *(number for cue in one.cues for number in cue.classes)))
    if (stranger := next((number for number in chosen if number >= class_total), None)) is not None:
        raise UserError(f"The network knows {class_total} classes, no number {stranger}.", "Choose other things, or another model.")
    if class_total and any(not one.classes and len(set(one.excluded)) >= class_total for one in settings):
        raise UserError("All things are excluded.", "Exclude fewer, or choose some.")


def check_loop(request: RenderRequest, *, bar_seconds: float) -> None:
    """Refuse a loop that is shorter than a bar, by more than a frame.

    Raises
    ------
    UserError
        Names both lengths.
    """
    seconds = request.frame_count / request.fps
    if request.settings.loop and seconds + 1 / request.fps < bar_seconds:
        raise UserError(
            f"The loop lasts {float(seconds):.2f} s, less than a bar of {bar_seconds:.2f} s.",
            "Make it a bar long or more, or switch Loop off.",
        )


def check_sheet(request: RenderRequest, *, sound_seconds: Fraction) -> None:
    """Refuse a cue sheet that reaches beyond its sound: it was written for another one.

    Raises
    ------
    UserError
        Names the first cue outside.
    """
    for settings in (request.settings, *(section.settings for section in request.sections)):
        for cue in settings.cues:
            if cue.part and not 0 <= cue.start_seconds < sound_seconds:
                raise UserError(
                    f"A cue of the cue sheet begins at {float(cue.start_seconds):.2f} s, but the sound lasts {float(sound_seconds):.2f} s.",
                    "The sheet was written for another sound: write it anew, or take its lines out.",
                )


def _check_section(section: Section, request: RenderRequest) -> None:
    if not 0 <= section.first_frame < section.end_frame <= request.frame_count:
        raise UserError(
            f"The section from frame {section.first_frame} to {section.end_frame} is not within the film's {request.frame_count} frames.",
            "Choose a section that begins and ends within the film, its end after its beginning.",
        )
    if section.landing_seconds < 0:
        raise UserError(f"A section would land in {float(section.landing_seconds)} s.", "Choose 0 s or more.")
    for problem in section.settings.problems():
        raise UserError(f"In the section from frame {section.first_frame}: {problem}", "Change it, then start again.")
    own, film = section.settings, request.settings
    if own.of_film() != film.of_film():
        raise UserError("A section has another model, size or shape than its film.", "Draw them as two films.")
