"""The sidebar's tab. Draws what is known already; does no work."""

from .hand_over import CHROMASTRIP_PT_hand_over
from .keeping import CHROMASTRIP_PT_keeping
from .look import CHROMASTRIP_PT_look
from .lyrics import CHROMASTRIP_PT_lyrics, CHROMASTRIP_UL_lines
from .main import CHROMASTRIP_PT_main
from .motion import CHROMASTRIP_PT_hits, CHROMASTRIP_PT_listening, CHROMASTRIP_PT_motion
from .output import CHROMASTRIP_PT_output
from .sections import CHROMASTRIP_PT_sections
from .status import CHROMASTRIP_PT_messages
from .subjects import CHROMASTRIP_MT_things, CHROMASTRIP_UL_excluded_things, CHROMASTRIP_UL_things

CLASSES = (
    CHROMASTRIP_PT_main,
    CHROMASTRIP_PT_messages,
    CHROMASTRIP_UL_things,
    CHROMASTRIP_UL_excluded_things,
    CHROMASTRIP_MT_things,
    CHROMASTRIP_PT_look,
    CHROMASTRIP_PT_motion,
    CHROMASTRIP_PT_hits,
    CHROMASTRIP_PT_listening,
    CHROMASTRIP_UL_lines,
    CHROMASTRIP_PT_lyrics,
    CHROMASTRIP_PT_sections,
    CHROMASTRIP_PT_output,
    CHROMASTRIP_PT_hand_over,
    CHROMASTRIP_PT_keeping,
)
"""In the order that they stand in the sidebar."""
