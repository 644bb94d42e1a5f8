"""Where and how pictures are drawn and kept: the machine's side of a request. Standard library only: Blender's Python imports it."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

AUTO = "auto"
_ONE = r"(cpu|cuda)(:(\d{1,4}|\*))?"
_DEVICE = re.compile(rf"auto|mps|{_ONE}(\s*,\s*{_ONE})*")


class Precision(enum.StrEnum):
    """What numbers a network calculates in."""

    AUTO = AUTO
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class PictureFormat(enum.StrEnum):
    """What kind of file a frame is."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def suffix(self) -> str:
        """Give the ending of such files' names."""
        return ".jpg" if self is PictureFormat.JPEG else f".{self}"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What draws.

    Parameters
    ----------
    device
        "auto", "cpu", "mps", "cuda", one of several cards as "cuda:1", several as "cuda:0,cuda:1", or all as "cuda:*". A processor's
        cores count as cards, too: "cpu:0,cpu:1".
    precision
        AUTO: what the device is fastest in.
    cache_folder
        Absolute folder for what this machine remembers of its models and its processor. Empty: the film's cache folder.
    cache_limit_bytes
        How many bytes of pictures that no film shows may stay in a film's cache folder, once it is drawn. 0: all.
    """

    device: str = AUTO
    precision: Precision = Precision.AUTO
    cache_folder: str = ""
    cache_limit_bytes: int = 0

    def problems(self) -> Iterator[str]:
        """Name what is wrong: a sentence for people each."""
        if not _DEVICE.fullmatch(self.device):
            yield f"The device “{self.device}” is unknown: it may be auto, cpu, cuda, cuda:1, several as cuda:0,cuda:1, cuda:* or mps."
