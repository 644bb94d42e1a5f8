"""How long do the latents of an hour of music take, and a few of them from its middle?

Features of an hour, 155 038 control frames, made at random: walking does not care what it hears. Each repeat is a process of its own.
"""

from fractions import Fraction

from benchmarks.measure import Figure, in_fresh_process, peak_memory_mb, seconds, write_results
from core.latents import make_latents
from core.protocol import Cue, Look, Section, Settings
from tests.films import random_features

REPEATS = 5
HOUR = 3600
CONTROL_FRAMES = 155_038
BAR_SECONDS = 2.0
CUES = tuple(
    Cue(
        start_seconds=Fraction(second), end_seconds=Fraction(second + 4), classes=(second % 1000, (second + 7) % 1000, (second + 31) % 1000)
    )
    for second in range(10, HOUR - 10, 12)
)


def main() -> None:
    repeats = [in_fresh_process(walk) for _ in range(REPEATS)]
    measured = {name: [values[name] for values in repeats] for name in repeats[0]}
    figures = [Figure(name=name, unit="MB" if "memory" in name else "s", values=values) for name, values in measured.items()]
    promised = measured["Chromastrip, 25 frames a second"]
    figures[0] = Figure(
        name=figures[0].name, unit="s", values=promised, bar=f"under {BAR_SECONDS:g} s", kept=sorted(promised)[REPEATS // 2] < BAR_SECONDS
    )
    write_results("walking", question=__doc__.partition("\n")[0], figures=figures, remarks=__doc__.partition("\n\n")[2].strip())


def walk() -> dict[str, float]:
    """Do all of it once: seconds and megabytes by name."""
    heard = random_features(CONTROL_FRAMES)
    memory_before = peak_memory_mb()

    def film(settings: Settings, fps: int = 25, *, first: int = 0, count: int | None = None, sections: tuple[Section, ...] = ()) -> float:
        place = {"source_start_seconds": Fraction(first, fps), "frame_count": count or HOUR * fps, "fps": Fraction(fps)}
        return seconds(lambda: make_latents(heard, settings, sections=sections, **place))

    section = Section(first_frame=40_000, end_frame=40_500, settings=Settings(seed=1, truncation=0.4))
    timed = {
        "Chromastrip, 25 frames a second": film(Settings()),
        "Chromastrip, 60 frames a second": film(Settings(), 60),
        "with 299 lines of timed words, 25 frames a second": film(Settings(cues=CUES)),
        "with a section of 20 s, 25 frames a second": film(Settings(), sections=(section,)),
        "100 frames from the hour's middle": film(Settings(), first=45_000, count=100),
        "peak memory of what was timed so far": peak_memory_mb() - memory_before,
    }
    return timed | {f"{look}, 25 frames a second": film(Settings(look=look)) for look in (Look.ORIGINAL_MSIEG, Look.ORIGINAL_RUSHK)}


if __name__ == "__main__":
    main()
