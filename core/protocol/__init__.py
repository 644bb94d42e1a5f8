"""What the add-on and the worker say to each other: settings, requests, events, and the edit that is handed over.

The one part of the core that Blender's Python imports: standard library only.
"""

from . import class_names
from .choosing import ChooseClasses, ClassesChosen, LineThings, Pin, Strategy, Thing
from .codec import ProtocolError, decode, encode
from .edit import Clip, Colour, Crossfade, Edit, FrameSequence, Gap, Marker, MediaFile, Still, Text, Track, crossfaded
from .errors import UserError
from .messages import (
    Cancel,
    Cancelled,
    Drawn,
    Event,
    Export,
    Exported,
    Failed,
    Hello,
    Message,
    Progress,
    Render,
    RenderRequest,
    Section,
    Shutdown,
    Stage,
    Stem,
)
from .settings import BANDS, PARAMETERS, WITHOUT_EFFECT, Cue, Curve, Look, Model, Parameter, Settings
from .targets import PROFILES, ExportOptions, Missing, MovieKind, PathStyle, Profile, Target

__all__ = [
    "BANDS",
    "PARAMETERS",
    "PROFILES",
    "WITHOUT_EFFECT",
    "Cancel",
    "Cancelled",
    "ChooseClasses",
    "ClassesChosen",
    "Clip",
    "Colour",
    "Crossfade",
    "Cue",
    "Curve",
    "Drawn",
    "Edit",
    "Event",
    "Export",
    "ExportOptions",
    "Exported",
    "Failed",
    "FrameSequence",
    "Gap",
    "Hello",
    "LineThings",
    "Look",
    "Marker",
    "MediaFile",
    "Message",
    "Missing",
    "Model",
    "MovieKind",
    "Parameter",
    "PathStyle",
    "Pin",
    "Profile",
    "Progress",
    "ProtocolError",
    "Render",
    "RenderRequest",
    "Section",
    "Settings",
    "Shutdown",
    "Stage",
    "Stem",
    "Still",
    "Strategy",
    "Target",
    "Text",
    "Thing",
    "Track",
    "UserError",
    "class_names",
    "crossfaded",
    "decode",
    "encode",
]
