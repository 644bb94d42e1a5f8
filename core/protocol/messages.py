"""The messages between add-on and worker. One JSON line each; `codec` turns them into text and back.

A job is what the add-on asks for (`Render`, `Export`, `Import`, `Listen`, `Direct`, `ChooseClasses`, those of `models`); the worker answers
with any number of `Progress`, `Begun` or `ModelProgress` and exactly one of `Drawn`, `Exported`, `Imported`, `Heard`, `ClassesChosen`,
`ModelsListed`, `Failed` and `Cancelled`.
Standard library only: Blender's Python imports it.
"""

import enum
import re
from dataclasses import dataclass
from fractions import Fraction

from .choosing import ChooseClasses, ClassesChosen
from .edit import Edit, FrameSequence
from .keeping import KeepingAnswer, KeepingJob
from .machine import Machine, PictureFormat
from .measuring import MeasureMovies, MoviesMeasured
from .models import ModelJob, ModelProgress, ModelsListed
from .settings import Settings
from .targets import ExportOptions

FILM_FILE, UNFINISHED_FILE = "film.json", "unfinished.json"
"""A film's request, beside its frames. As long as the second one is there, some frames show their neighbours' pictures."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A piece of a film with settings of its own.

    Parameters
    ----------
    first_frame, end_frame
        Its frames, counted from the film's first one; half-open.
    settings
        Its hyperparameters; model, size and shape must be the film's.
    landing_seconds
        How long it takes to find back to the film around it.
    enters, lands
        Whether the film is there before it and after it: what is not there is neither come from nor landed on.
    """

    first_frame: int
    end_frame: int
    settings: Settings
    landing_seconds: Fraction = Fraction(1)
    enters: bool = True
    lands: bool = True


@dataclass(frozen=True, kw_only=True)
class Stem:
    """Another sound that drives a part of the film: a drum track for the motion, a voice for the things.

    Parameters
    ----------
    sound_path
        Absolute path of the sound, movie or MIDI file. A MIDI file's beats and bars are the film's, too.
    source_start_seconds
        Where in it the film's first frame lies.
    notes
        Of a MIDI file: which notes drive, as `core.sound.midi.chosen` reads it. Empty: drums the motion, all others the things.
    """

    sound_path: str
    source_start_seconds: Fraction = Fraction(0)
    notes: str = ""


def is_midi(path: str) -> bool:
    """Say whether a file's name is a MIDI file's."""
    return path.lower().endswith((".mid", ".midi", ".smf", ".kar"))


MIXER_VARIABLE = "CHROMASTRIP_MIXER"
"""The environment variable by which the add-on tells the worker what mixes: a command line as a JSON list, to which two files are added."""

MIX_FILE = re.compile(r"mix-[0-9a-f]{16}\.wav")
"""How a mixed sound is called: no other file is made by mixing, whatever a request names."""


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How a sound is made that lies in no file of the user's: Blender mixes it.

    Parameters
    ----------
    blend_path
        Absolute path of a .blend whose first scene holds what shall be heard; its frame range is the sound's.
    """

    blend_path: str


@dataclass(frozen=True, kw_only=True)
class RenderRequest:
    """All that decides a film's pixels, and where they go.

    Parameters
    ----------
    name
        What to call the film; the frames' file names begin with it.
    sound_path
        Absolute path of the sound or movie file.
    source_start_seconds
        Where in that file the film's first frame lies, in seconds. May be negative: silence comes first.
    frame_count
        Number of video frames, at least 1.
    fps
        Frames a second, exact.
    settings
        The hyperparameters.
    sections
        Pieces with other settings, laid over each other in this order.
    motion_stem, class_stem
        What drives the motion, or the things, instead of the sound itself.
    beats_seconds
        When the beats fall, in the sound's own time, rising. Empty: where they are heard.
    bars_seconds
        When bars begin, in the same way.
    frames_folder
        Absolute folder in which this film's own folder of numbered frames is made.
    cache_folder
        Absolute folder of drawn pictures and analysed sounds, shared by all films.
    features_path
        Absolute path of a file with the sound's features, analysed elsewhere or edited. Empty: the sound is analysed.
    limit_flashes
        Whether passages that flash more than three times a second are drawn again with a calmer walk.
    machine
        What draws.
    picture_format
        What kind of files the frames are.
    frame_aspect
        The frames' width by height, where they shall be larger than the pictures: filled with the mirror images of those. None:
        frames are the pictures.
    upscale, upscaler
        How many times as large as they are drawn pictures are made, 1, 2 or 4; and by which of the user's networks. Empty: by Lanczos.
    frame_size
        Width and height that all frames are brought to in the end; None: as they come.
    mix
        What the sound is made from, if it is not there.
    vectors_path
        Absolute path of a file with the film's latents, see `given_latents`. Empty: the song and the settings give them.
    by_stamps
        Whether samples lie where their file's time stamps put them, as players have it; else in a row, as Blender plays them.
    """

    name: str
    sound_path: str
    source_start_seconds: Fraction
    frame_count: int
    fps: Fraction
    settings: Settings
    frames_folder: str
    cache_folder: str
    sections: tuple[Section, ...] = ()
    motion_stem: Stem | None = None
    class_stem: Stem | None = None
    beats_seconds: tuple[Fraction, ...] = ()
    bars_seconds: tuple[Fraction, ...] = ()
    features_path: str = ""
    limit_flashes: bool = True
    machine: Machine = Machine()  # noqa: RUF009 (frozen)
    picture_format: PictureFormat = PictureFormat.PNG
    frame_aspect: Fraction | None = None
    upscale: int = 1
    upscaler: str = ""
    frame_size: tuple[int, int] | None = None
    mix: Mix | None = None
    by_stamps: bool = False
    vectors_path: str = ""

    @property
    def lasting_cache(self) -> str:
        """Where what outlives the film is kept: the machine's cache folder, else the film's own."""
        return self.machine.cache_folder or self.cache_folder

    @property
    def tempo_map(self) -> Stem | None:
        """The MIDI file whose beats and bars are the film's: the first one among the stems."""
        return next((stem for stem in (self.motion_stem, self.class_stem) if stem is not None and is_midi(stem.sound_path)), None)

    def read_paths(self) -> tuple[str, ...]:
        """Give the files that are read for it."""
        stems = (stem.sound_path for stem in (self.motion_stem, self.class_stem) if stem is not None)
        mix = (self.mix.blend_path,) if self.mix is not None else ()
        return tuple(path for path in (self.sound_path, self.features_path, self.vectors_path, *stems, *mix) if path)


class Stage(enum.StrEnum):
    """What a job is busy with."""

    LISTENING = "Listening"
    CALIBRATING = "Finding directions"
    LOADING = "Loading model"
    DRAWING = "Drawing"
    CALMING = "Limiting flashes"
    ENCODING = "Encoding movies"
    COPYING = "Copying media"
    READING = "Reading lyrics"
    DOWNLOADING = "Downloading"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """The add-on's first line to whoever calls, see `handshake`: a number to be digested with the token."""

    number: str


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The worker's first line: proves that it is the process that the add-on started, and asks for the add-on's own proof."""

    pid: int
    number: str
    proof: str


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """The add-on's second line: proves that it is who started the worker, which does nothing for anybody else."""

    proof: str


@dataclass(frozen=True, kw_only=True)
class Ping:
    """The add-on asks whether the worker still answers."""


@dataclass(frozen=True, kw_only=True)
class Pong:
    """The worker does, however busy it is."""


@dataclass(frozen=True, kw_only=True)
class Render:
    """Draw a film.

    Parameters
    ----------
    show_early
        Whether its frames shall be there before it is finished, each the nearest picture that is drawn: `Begun` tells of them.
    as_draft
        Whether the fastest network that is here shall draw it.
    """

    job_id: str
    request: RenderRequest
    show_early: bool = False
    as_draft: bool = False


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write `edit` to the file `path`; its ending names the format, or the options' target does.

    `memory_folder` is the absolute one for what this machine remembers of its models, if frames are drawn again.
    """

    job_id: str
    edit: Edit
    path: str
    options: ExportOptions = ExportOptions()  # noqa: RUF009 (frozen)
    memory_folder: str = ""


@dataclass(frozen=True, kw_only=True)
class Import:
    """Read a timeline that another program wrote.

    Parameters
    ----------
    path
        Absolute path of an .otio, .otioz, FCP7 .xml, .fcpxml, .edl, .mlt or .kdenlive file.
    media_folder
        Absolute folder into which a bundle's media are unpacked, and in which media are looked for that are not where the file says.
        Empty: the folder `<name>_media` beside the file.
    """

    job_id: str
    path: str
    media_folder: str = ""


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Say where a sound's beats, bars and parts are.

    Parameters
    ----------
    sound_path
        Absolute path of the sound or movie file.
    cache_folder
        As a `RenderRequest`'s: where analysed sounds are kept.
    mix
        As a `RenderRequest`'s.
    tempo_map
        A MIDI file that has the beats and bars; its `source_start_seconds` is where in it the sound begins. None: they are heard.
    """

    job_id: str
    sound_path: str
    cache_folder: str
    mix: Mix | None = None
    tempo_map: Stem | None = None


@dataclass(frozen=True, kw_only=True)
class Direct:
    """Write a film's cue sheet: `ClassesChosen` answers, with its classes and a row for each cue that is none of the request's own."""

    job_id: str
    request: RenderRequest


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """End a job at the next batch; finished frames stay."""

    job_id: str


@dataclass(frozen=True, kw_only=True)
class Shutdown:
    """End the worker."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is. `frames_per_second` and `seconds_left` are 0 while unknown."""

    job_id: str
    stage: Stage
    done: int
    total: int
    frames_per_second: float = 0.0
    seconds_left: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A film whose frames can be shown, while they are replaced by better ones.

    Parameters
    ----------
    frames
        All of its frames, each a whole picture: its own or a neighbour's.
    digest
        Names the film that this becomes. `Drawn` may name another one: where this one flashes too often.
    """

    job_id: str
    frames: FrameSequence
    digest: str


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A finished `Render`: the film.

    Parameters
    ----------
    frames
        All of its frames, each whole.
    drawn_count
        How many pictures had to be drawn; the others were there already.
    digest
        Names the film by its pictures.
    warnings
        Sentences for people: what they should know although it worked.
    """

    job_id: str
    frames: FrameSequence
    drawn_count: int
    digest: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A finished `Export`: the file that was written, and sentences for people about what is not as it was."""

    job_id: str
    path: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A finished `Import`: the edit, and sentences for people about what could not be read, or was read otherwise.

    A clip that we made carries its settings in `Clip.metadata` again, wherever they were found.
    """

    job_id: str
    edit: Edit
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SongPart:
    """A suggested part of a song: its beginning, and a letter; parts with one letter are alike."""

    start_seconds: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A finished `Listen`.

    Parameters
    ----------
    beats_seconds
        From the sound's beginning, rising.
    first_bar
        Which of the beats begins the first bar; every fourth after it begins another one.
    parts
        One after the other.
    bars_seconds
        When bars begin, where a tempo map says so; empty: by `first_bar`.
    """

    job_id: str
    beats_seconds: tuple[float, ...]
    first_bar: int
    parts: tuple[SongPart, ...]
    bars_seconds: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A job that could not be finished: what happened (`cause`), what to do (`cure`), and for reports, the traceback (`details`).

    `missing` is what would have to be fetched first, where a button can do that: `UserError.missing`.
    """

    job_id: str
    cause: str
    cure: str
    details: str = ""
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """A job that ended because the user asked for it."""

    job_id: str


Event = (
    Hello
    | Pong
    | Progress
    | Begun
    | Drawn
    | Exported
    | Imported
    | Heard
    | ClassesChosen
    | KeepingAnswer
    | MoviesMeasured
    | ModelProgress
    | ModelsListed
    | Failed
    | Cancelled
)
Message = (
    Render
    | Export
    | Import
    | Listen
    | Direct
    | ChooseClasses
    | KeepingJob
    | MeasureMovies
    | ModelJob
    | Cancel
    | Shutdown
    | Challenge
    | Welcome
    | Ping
    | Event
)
