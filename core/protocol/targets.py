"""What an edit can be handed to, and how: the choices that people see, each with a line of help. Standard library only."""

import enum
from dataclasses import dataclass


class Target(enum.StrEnum):
    """A program that shall open the edit; or none in particular, where the file's name says the format."""

    FILE_NAME = "File name"
    RESOLVE = "DaVinci Resolve"
    PREMIERE = "Premiere Pro"
    FINAL_CUT = "Final Cut Pro"
    KDENLIVE = "Kdenlive"
    SHOTCUT = "Shotcut"
    AVID = "Avid Media Composer"
    NUKE = "Hiero and Nuke Studio"
    OPENRV = "OpenRV and others that read image sequences"


class PathStyle(enum.StrEnum):
    """How media are named in the file; formats that know one way only use that."""

    AUTO = "As the target likes it"
    ABSOLUTE = "Absolute"
    RELATIVE = "Relative to the file"
    URI = "File URI"


class MovieKind(enum.StrEnum):
    """What numbered pictures are turned into for programs that read movies only."""

    AUTO = "As the target needs it"
    NONE = "None"
    PRORES_422_HQ = "ProRes 422 HQ"
    PRORES_4444 = "ProRes 4444"
    DNXHR_HQ = "DNxHR HQ"
    H264 = "H.264"


class Missing(enum.StrEnum):
    """What to do when frames or sound files are not where they should be."""

    REFUSE = "Refuse"
    RENDER = "Draw frames again"
    SKIP = "Leave those clips out"
    GO_ON = "Name them all the same"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a target gets.

    Parameters
    ----------
    ending
        How the file's name ends: it names the format.
    movies
        What `MovieKind.AUTO` means.
    path_style
        What `PathStyle.AUTO` means.
    help
        One sentence for people: what it gets, and how to open it there.
    """

    ending: str
    movies: MovieKind
    path_style: PathStyle
    help: str


PROFILES = {
    Target.RESOLVE: Profile(
        ending=".otio",
        movies=MovieKind.PRORES_422_HQ,
        path_style=PathStyle.ABSOLUTE,
        help="OpenTimelineIO with a ProRes movie for each section: File > Import > Timeline.",
    ),
    Target.PREMIERE: Profile(
        ending=".xml",
        movies=MovieKind.PRORES_422_HQ,
        path_style=PathStyle.URI,
        help="Final Cut Pro 7 XML with a ProRes movie for each section: File > Import.",
    ),
    Target.FINAL_CUT: Profile(
        ending=".fcpxml",
        movies=MovieKind.PRORES_422_HQ,
        path_style=PathStyle.URI,
        help="Final Cut Pro XML with a ProRes movie for each section: File > Import > XML.",
    ),
    Target.KDENLIVE: Profile(
        ending=".kdenlive",
        movies=MovieKind.NONE,
        path_style=PathStyle.ABSOLUTE,
        help="A Kdenlive project with the frames themselves, no movies needed: open it.",
    ),
    Target.SHOTCUT: Profile(
        ending=".mlt",
        movies=MovieKind.NONE,
        path_style=PathStyle.ABSOLUTE,
        help="A Shotcut project with the frames themselves, no movies needed: open it. melt renders it too.",
    ),
    Target.AVID: Profile(
        ending=".aaf",
        movies=MovieKind.DNXHR_HQ,
        path_style=PathStyle.URI,
        help="AAF with a DNxHR movie for each section: File > Input > Import Media, or open it as a bin, then relink.",
    ),
    Target.NUKE: Profile(
        ending=".otio",
        movies=MovieKind.PRORES_4444,
        path_style=PathStyle.URI,
        help="OpenTimelineIO with a ProRes 4444 movie for each section: File > Import Sequence.",
    ),
    Target.OPENRV: Profile(
        ending="_frames.otio",
        movies=MovieKind.NONE,
        path_style=PathStyle.ABSOLUTE,
        help="OpenTimelineIO with the frames themselves, as image sequences: for programs that read these.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How an edit is handed over.

    Parameters
    ----------
    target
        Who gets it; decides the format, and what the other choices' automatic values mean.
    path_style
        How media are named.
    movies
        What kind of movies numbered pictures are turned into.
    movie_sound
        Whether those movies also carry the sound that lies under them.
    collect
        Whether all media are copied beside the file, so that the folder can be moved or mailed.
    missing
        What to do about media that are not there.
    inside
        Absolute folders of the project; media from elsewhere are not copied unasked. Empty: nobody said where it is; all may be copied.
    from_elsewhere
        Whether media from outside of the project may be copied, too.
    """

    target: Target = Target.FILE_NAME
    path_style: PathStyle = PathStyle.AUTO
    movies: MovieKind = MovieKind.AUTO
    movie_sound: bool = False
    collect: bool = False
    missing: Missing = Missing.REFUSE
    inside: tuple[str, ...] = ()
    from_elsewhere: bool = False
