from pathlib import Path
import numpy as np
from PIL import Image


def picture(e):
    base = "-".join(f"{ord(c):04x}" for c in e.text)
    for name in (base, base.replace("-fe0f", ""), base + "-fe0f"):
        p = Path("/tmp/fl/package/assets") / f"{name}.webp"
        if p.exists():
            return np.asarray(Image.open(p).convert("RGBA"))
    raise ValueError(e.name)
