"""How a button says why it is greyed."""

import bpy


def may(operator: type[bpy.types.Operator], reason: str) -> bool:
    """Answer a poll: a reason greys the button, and says why."""
    if reason:
        operator.poll_message_set(reason)
    return not reason
