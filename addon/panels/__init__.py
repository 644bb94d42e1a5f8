"""The sidebar's tab. Draws what is known already; does no work."""

from .hand_over import CHROMASTRIP_PT_hand_over
from .look import CHROMASTRIP_PT_look
from .main import CHROMASTRIP_PT_main
from .markers import CHROMASTRIP_PT_markers
from .motion import CHROMASTRIP_PT_listening, CHROMASTRIP_PT_motion

CLASSES = (
    CHROMASTRIP_PT_main,
    CHROMASTRIP_PT_look,
    CHROMASTRIP_PT_motion,
    CHROMASTRIP_PT_listening,
    CHROMASTRIP_PT_markers,
    CHROMASTRIP_PT_hand_over,
)
"""In the order that they stand in the sidebar."""
