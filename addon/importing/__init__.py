"""The way back: an edit becomes strips, its clips channels' strips again, our sections with their settings.

The counterpart of `addon.timeline`, and with it the only place where strips and clips meet.
"""

from .building import insert_edit

__all__ = ["insert_edit"]
