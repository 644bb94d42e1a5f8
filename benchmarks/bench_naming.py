"""In what share of a film's frames can one of its own things be named, without lyrics, with all settings as they come?

A classifier of the training's views, see `tools/judge_naming.py`, looks at the middle square of each frame: at least 0.5 for one of the
film's own things counts. Beside it what the last release gave, and both originals' looks; and, as a control, how often it is as sure of a
thing that the film has not: of those there are forty times as many.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch

from benchmarks.measure import Figure, write_results
from benchmarks.songs import game_music
from core.commands.asking import DEFAULT_ASPECT, cache_folder
from core.generator import Generator, emoji_network
from core.latents import Latents, make_latents
from core.network.running import Way
from core.protocol import Look, Settings
from core.sound.features import CONTROL_RATE, Features
from core.sound.listening import load
from tools.judge_naming import Classifier, likelihoods, share_named, share_right, trained
from tools.things.classes import thing_of_class, things

TRACKS = ("piano and strings", "a race's drums", "a song", "ocean, calm", "forest, calm", "blues")
FPS, EVERY = Fraction(25), 5  # frames a second of the film, of which each fifth is judged
SECONDS = 40  # from the middle of each
BAR = 0.8
LAST_RELEASE = Settings(blend=1.0, truncation=1.0, hit=0.0)
CONTENDERS = {
    "Chromastrip": Settings(aspect=DEFAULT_ASPECT),
    "the last release": LAST_RELEASE,
    "msieg": Settings(look=Look.ORIGINAL_MSIEG, truncation=1.0),
    "rushk": Settings(look=Look.ORIGINAL_RUSHK, truncation=1.0),
}


def main() -> None:
    torch.set_num_threads(1)
    classifier = trained()
    music = game_music()
    heard = {track: load(music[track], cache_folder() / "sounds") for track in TRACKS}
    figures = []
    for name, settings in CONTENDERS.items():
        figures += compare(name, {track: judge(classifier, features, settings) for track, features in heard.items()})
    figures.append(Figure(name="the classifier: right on views that it has not seen", unit="", values=[share_right(classifier, things())]))
    remarks = (
        f"All settings as they come, model Emoji, seed 0, {SECONDS} s from the middle of each track at {FPS} frames a second, of which each"
        f" {EVERY}th is judged; Chromastrip at 16:9, the others square. The tracks were chosen before anything was tuned. The last release:"
        " Blend 1, Truncation 1, no hits."
    )
    write_results("naming", question=__doc__, figures=figures, remarks=remarks)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the classifier says of a film.

    Parameters
    ----------
    likely
        float32 [N, things], of each judged frame.
    own
        The film's own things.
    """

    likely: np.ndarray
    own: frozenset[int]


def judge(classifier: Classifier, heard: Features, settings: Settings) -> Judged:
    """Draw frames of a film, and judge them."""
    latents = film(heard, settings)
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"), aspect=settings.aspect)
    drawn = generator.draw(latents, range(0, len(latents), EVERY))
    return Judged(likely=likelihoods(classifier, drawn), own=own_things(latents))


def film(heard: Features, settings: Settings) -> Latents:
    """Give the latents of what is judged of a track."""
    seconds = len(heard.energy) / float(CONTROL_RATE)
    start = max(Fraction(0), Fraction(int(seconds - SECONDS), 2))
    return make_latents(heard, settings, source_start_seconds=start, frame_count=int(min(SECONDS, seconds) * FPS), fps=FPS)


def own_things(latents: Latents) -> frozenset[int]:
    """Say which things a film shows: places in `things`."""
    classes, _ = latents.in_columns()
    return frozenset(int(place) for place in thing_of_class()[list(classes)])


def compare(name: str, films: Mapping[str, Judged]) -> list[Figure]:
    """Sum up one contender: the median of the tracks, each track, and the control."""
    shares = {track: share_named(film.likely, film.own) for track, film in films.items()}
    strangers = [share_named(film.likely, set(range(film.likely.shape[1])) - film.own) for film in films.values()]
    mean = float(np.mean([*shares.values()]))
    promise = {"bar": f"at least {BAR}", "kept": mean >= BAR} if name == "Chromastrip" else {}
    return [
        Figure(name=f"{name}: share of frames that can be named, mean of {len(films)} tracks", unit="", values=[mean], **promise),
        *(Figure(name=f"{name}, {track}", unit="", values=[share]) for track, share in shares.items()),
        Figure(name=f"{name}: sure of a thing that the film has not, mean", unit="", values=[float(np.mean(strangers))]),
    ]


if __name__ == "__main__":
    main()
