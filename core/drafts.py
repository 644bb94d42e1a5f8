"""A draft of a film: the same walk through the same sound, drawn by a fast network that is here."""

from collections.abc import Callable
from dataclasses import replace

from .protocol import EMBEDDED_SIZES, PUBLISHED_SIZES, Model, RenderRequest, Settings
from .walk.originals import CLASS_COUNT


def draft_of(request: RenderRequest, *, is_here: Callable[[Settings], bool]) -> RenderRequest:
    """Ask for a film's draft.

    Parameters
    ----------
    request
        What the film shall be in the end.
    is_here
        Says whether what draws with some settings is on this machine.

    Returns
    -------
    RenderRequest
        The same at the smallest size where its model draws that, else by the model Emoji. Sections have the film's model.
    """
    network = _network(request.settings, is_here)
    sections = tuple(replace(section, settings=_with(network, section.settings)) for section in request.sections)
    return replace(request, settings=_with(network, request.settings), sections=sections, upscale=1, upscaler="")


def _network(settings: Settings, is_here: Callable[[Settings], bool]) -> Settings:
    """Give settings whose model, own model and size the draft has."""
    small = replace(settings, size=EMBEDDED_SIZES.get(settings.model, min(PUBLISHED_SIZES)))
    if settings.model != Model.OWN and is_here(small):
        return small
    return replace(settings, model=Model.EMOJI, own_model="", size=EMBEDDED_SIZES[Model.EMOJI])


def _with(network: Settings, settings: Settings) -> Settings:
    drawn = replace(settings, model=network.model, own_model=network.own_model, size=network.size)
    if settings.model != Model.OWN:
        return drawn
    cues = tuple(replace(cue, classes=_known(cue.classes)) for cue in settings.cues)
    return replace(drawn, classes=_known(settings.classes), cues=cues)


def _known(classes: tuple[int, ...]) -> tuple[int, ...]:
    """Give other things in the place of those that only an own network knows."""
    return tuple(number % CLASS_COUNT for number in classes)
