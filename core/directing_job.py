"""The story of writing a cue sheet, from a job to the rows of its table: listen, direct."""

from collections.abc import Callable

from .backends import Backends
from .checks import check, check_classes
from .latents import direct
from .protocol import ClassesChosen, Direct, Thing, UserError, class_names, line_table
from .sound.listening import listen
from .sound.mixing import ensure_sound


def answer(job: Direct, *, backends: Backends, cancelled: Callable[[], bool] = lambda: False) -> ClassesChosen:
    """Write the cue sheet of a film.

    Parameters
    ----------
    job
        The film. What its own cues show stays as it is; the sheet goes on between and around them.
    backends
        Know how many classes the film's network has.
    cancelled
        Asked while the sound is made.

    Raises
    ------
    UserError
        If the request or the sound stands in the way, or all things show at once.
    """
    request = job.request
    check(request)
    class_total = backends.open(request).class_total
    ensure_sound(request.sound_path, request.mix, cancelled=cancelled)
    heard = listen(request)
    check_classes(request, class_total=class_total)
    directed = direct(request, heard, class_total=class_total)
    if directed is None:
        raise UserError("This film shows all things at once: nothing leads.", "Set Blend below 1, and Look to Chromastrip.")
    own = frozenset(request.settings.cues)
    rows = line_table.of_cues(cue for cue in directed.cues if cue.part and cue not in own)
    return ClassesChosen(job_id=job.job_id, rows=rows, things=tuple(map(_thing, directed.classes)))


def _thing(number: int) -> Thing:
    return Thing(class_id=number, name=class_names.name(number), similarity=0.0)
