"""What does counting flashes cost, and how much of a film is drawn again because it flashes?

First the cost of one frame, step by step, beside drawing and encoding one. Then films of the demo song, from the default look to a wilder
one than anybody needs, as they are and within the limits: how many of their frames flash too often, and how many more pictures the calmer
film takes.
"""

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from benchmarks.measure import Figure, interleave, seconds, write_results
from benchmarks.songs import DEMO_SONG
from core import pictures, pipeline
from core.flash_safety.flashes import find_flashes, merged
from core.generator import Generator, abstract_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import RenderRequest, Settings
from core.sound import features

REPEATS = 7
MEASURED_FRAMES = 128
FILM_SECONDS = 22  # the whole song
RATES = (Fraction(24), Fraction(60))
LOOKS = {
    "default settings": Settings(),
    "pitch sensitivity 295, tempo sensitivity 0.8": Settings(pitch_sensitivity=295, tempo_sensitivity=0.8),
    "pitch sensitivity 299, tempo sensitivity 2, smooth factor 1": Settings(pitch_sensitivity=299, tempo_sensitivity=2, smooth_factor=1),
}


def main() -> None:
    generator = Generator(abstract_network(), Way(device="cpu", precision="float32"))
    generator.load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = [
            *costs(generator, folder),
            *(figure for fps in RATES for look, settings in LOOKS.items() for figure in film(generator, folder, look, settings, fps=fps)),
        ]
    write_results(
        "flashes",
        question=__doc__,
        figures=figures,
        remarks=f"Demo song, Abstract. Steps: {MEASURED_FRAMES} frames at 24/s, all but drawing on one thread. Films: {FILM_SECONDS} s,"
        " once each, since the same request gives the same pixels.",
    )


# One frame ------------------------------------------------------------------------------------------------------------------------------


def costs(generator: Generator, folder: Path) -> Iterator[Figure]:
    drawing, *counting = measured = interleave(_steps(generator, folder), repeats=REPEATS)
    for step, values in measured.items():
        yield Figure(name=step, unit="µs a frame", values=[1e6 * value for value in values])
    totals = [sum(values) for values in zip(*(measured[step] for step in counting), strict=True)]
    shares = [100 * total / whole for total, whole in zip(totals, measured[drawing], strict=True)]
    yield Figure(name="the three together / drawing and encoding", unit="%", values=shares)


def _steps(generator: Generator, folder: Path) -> dict[str, Callable[[], float]]:
    heard = features.load(DEMO_SONG, folder / "cache" / "sounds", digest=features.file_digest(DEMO_SONG))
    latents = make_latents(heard, Settings(), source_start_seconds=Fraction(0), frame_count=MEASURED_FRAMES, fps=RATES[0])
    rows = range(MEASURED_FRAMES)
    drawn = list(generator.draw(latents, rows))
    files = [folder / f"{row}.png" for row in rows]
    for file, picture in zip(files, drawn, strict=True):
        file.write_bytes(pictures.encode_png(picture))
    smalls = [pictures.read_small(file) for file in files]
    works = {
        "drawing and encoding": lambda: [pictures.encode_png(picture) for picture in generator.draw(latents, rows)],
        "making its small copy": lambda: [pictures.shrink(picture) for picture in drawn],
        "reading the small copy from its file": lambda: [pictures.read_small(file) for file in files],
        "counting": lambda: find_flashes(smalls, fps=RATES[0]),
    }
    return {name: lambda work=work: seconds(work) / MEASURED_FRAMES for name, work in works.items()}


# Whole films ----------------------------------------------------------------------------------------------------------------------------


def film(generator: Generator, folder: Path, look: str, settings: Settings, *, fps: Fraction) -> Iterator[Figure]:
    plain = pipeline.render(_request(folder, settings, fps=fps, limit_flashes=False), open_backend=lambda _: generator)
    limited = pipeline.render(_request(folder, settings, fps=fps), open_backend=lambda _: generator)
    before, after = ([Path(one.frames.folder) / file for file in one.frames.file_names()] for one in (plain, limited))
    failing, left = (_frames_failing(frames, fps=fps) for frames in (before, after))
    differing = sum(not one.samefile(other) for one, other in zip(before, after, strict=True))
    name = f"{look}, {fps} frames/s"
    for what, count in (("flash too often", failing), ("differ in the calmer film", differing), ("were drawn more", limited.drawn_count)):
        yield Figure(name=f"{name}: {what}", unit="% of the frames", values=[100 * count / len(before)])
    yield Figure(
        name=f"{name}: flash too often in the calmer film",
        unit="% of the frames",
        values=[100 * left / len(before)],
        bar="none",
        kept=left == 0,
    )


def _frames_failing(frames: list[Path], *, fps: Fraction) -> int:
    found = find_flashes((pictures.read_small(frame) for frame in frames), fps=fps)
    return sum(end - first for first, end in merged((passage.first_frame, passage.end_frame) for passage in found))


def _request(folder: Path, settings: Settings, *, fps: Fraction, limit_flashes: bool = True) -> RenderRequest:
    return RenderRequest(
        name="bench",
        sound_path=str(DEMO_SONG),
        source_start_seconds=Fraction(0),
        frame_count=round(FILM_SECONDS * fps),
        fps=fps,
        settings=settings,
        frames_folder=str(folder / "films"),
        cache_folder=str(folder / "cache"),
        limit_flashes=limit_flashes,
    )


if __name__ == "__main__":
    main()
