"""A small architecture for tests, with all that the published ones have."""

from core.network.architecture import Architecture


def tiny(**changes: object) -> Architecture:
    """Make a small architecture: both kinds of block, a halved width, attention."""
    small = {
        "output_dim": 32,
        "channel_width": 16,
        "num_classes": 10,
        "layers": ((False, 16, 16), (True, 16, 8), (False, 8, 4), (True, 4, 2), (True, 2, 1)),
        "attention_layer_position": 3,
    }
    return Architecture(**{**small, **changes})  # ty: ignore[invalid-argument-type]
