"""What the add-on and the worker say to each other: settings, requests, events, and the edit that is handed over.

The one part of the core that Blender's Python imports: standard library only.
"""

from .codec import ProtocolError, decode, encode
from .edit import Clip, Edit, FrameSequence, Gap, MediaFile, Track
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

__all__ = [
    "BANDS",
    "PARAMETERS",
    "WITHOUT_EFFECT",
    "Cancel",
    "Cancelled",
    "Clip",
    "Cue",
    "Curve",
    "Drawn",
    "Edit",
    "Event",
    "Export",
    "Exported",
    "Failed",
    "FrameSequence",
    "Gap",
    "Hello",
    "Look",
    "MediaFile",
    "Message",
    "Model",
    "Parameter",
    "Progress",
    "ProtocolError",
    "Render",
    "RenderRequest",
    "Section",
    "Settings",
    "Shutdown",
    "Stage",
    "Stem",
    "Track",
    "UserError",
    "decode",
    "encode",
]
