"""The sequencer as an edit description: strips become clips, channels become tracks, and what an edit cannot say is named.

The only place where the two vocabularies meet (the way back is `addon.importing`).
"""

from .reading import read_edit
from .shown import Part
from .speeds import remember, unknown_movies

__all__ = ["Part", "read_edit", "remember", "unknown_movies"]
