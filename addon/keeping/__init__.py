"""What is kept, and until when: the engine's memory, files on the disk, frames that move along with the .blend."""

from . import cleaning, films_here, memory, moving, tags, watching

__all__ = ["cleaning", "films_here", "memory", "moving", "register", "tags", "unregister", "watching"]


def register() -> None:
    """Start looking, and watch for files being saved and opened."""
    watching.register()


def unregister() -> None:
    """Stop."""
    watching.unregister()
