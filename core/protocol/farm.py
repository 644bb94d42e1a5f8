"""A film as a job for a render farm: its request as a file, and what Flamenco's manager is sent. Standard library only."""

import json
import sys

from .messages import RenderRequest

JOB_TYPE = "chromastrip-render"
"""As Flamenco names the script `chromastrip_render.js`."""
SPAN = 1000
PLATFORMS = {"win32": "windows", "darwin": "darwin"}


def flamenco_job(request: RenderRequest, request_path: str) -> str:
    """Give what Flamenco is sent to draw a film (`SubmittedJob` in its API): JSON text.

    Parameters
    ----------
    request
        Says how many frames there are.
    request_path
        Where its file lies.
    """
    settings = {"request": request_path, "frames": request.frame_count, "span": SPAN, "device": "auto", "map": "", "blendfile": ""}
    job = {
        "name": request.name,
        "type": JOB_TYPE,
        "priority": 50,
        "submitter_platform": PLATFORMS.get(sys.platform, "linux"),
        "settings": {**settings, "chromastrip": "chromastrip", "blender": "{blender}"},
        "metadata": {},
    }
    return json.dumps(job, indent=2)
