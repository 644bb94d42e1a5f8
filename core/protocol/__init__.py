"""What the add-on and the worker say to each other: settings, requests, events, and the edit that is handed over.

The one part of the core that Blender's Python imports: standard library only.
"""

from .codec import ProtocolError, decode, encode
from .edit import Clip, Edit, FrameSequence, Gap, MediaFile, Track
from .messages import (
    Cancel,
    Cancelled,
    Done,
    Event,
    Export,
    Failed,
    Hello,
    Message,
    Progress,
    Render,
    RenderRequest,
    Shutdown,
    Stage,
)
from .settings import PARAMETERS, Model, Parameter, Settings

__all__ = [
    "PARAMETERS",
    "Cancel",
    "Cancelled",
    "Clip",
    "Done",
    "Edit",
    "Event",
    "Export",
    "Failed",
    "FrameSequence",
    "Gap",
    "Hello",
    "MediaFile",
    "Message",
    "Model",
    "Parameter",
    "Progress",
    "ProtocolError",
    "Render",
    "RenderRequest",
    "Settings",
    "Shutdown",
    "Stage",
    "Track",
    "decode",
    "encode",
]
