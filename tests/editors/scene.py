"""An edit that shows every fault of a hand-over: numbered cards from three sections, trims, a gap, a cross-fade, and clicks.

Each card says which frame of which section it is, so that any editor's render tells which frame stands where.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from core.pictures import encode_png, read_picture
from core.protocol import Clip, Crossfade, Edit, FrameSequence, Gap, Marker, MediaFile, Track
from core.sync_card import draw_card, read_card
from tests import sounds

CARD_SIZE = 128
SOUND_SECONDS = 10.0
SOUND_START, SOUND_GAP = 12, 5
SECTIONS = {1: (100, 0), 2: (60, 1), 3: (400, 101)}  # number, to how many frames and the first one's number
RATES = [Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30)]

FADE = Crossfade(in_frames=6, out_frames=8)
FIRST, SECOND, GAP, THIRD = (10, 70), (12, 40), 15, (50, 60)  # source start and length
LENGTH = FIRST[1] + SECOND[1] + GAP + THIRD[1]
GAP_FRAMES = range(FIRST[1] + SECOND[1], FIRST[1] + SECOND[1] + GAP)
FADED = range(FIRST[1] - FADE.in_frames, FIRST[1] + FADE.out_frames)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An edit, and what a true render of it shows and sounds like."""

    edit: Edit
    cards: list[tuple[int, int] | None]
    """Frame and section for every frame of the timeline; None where nothing can be read: in the gap, within the fade."""
    clicks: np.ndarray
    """Seconds, float64 [n]."""


def write_media(folder: Path) -> None:
    """Write the sections' cards and the click track."""
    for section, (count, first) in SECTIONS.items():
        (folder / f"section {section}").mkdir(parents=True)
        for frame in range(count):
            card = draw_card(frame=frame, section=section, size=CARD_SIZE)
            (folder / f"section {section}" / f"s{section}_{first + frame:06d}.png").write_bytes(encode_png(card))
    sounds.write(folder / "clicks.wav", sounds.click_track(seconds=SOUND_SECONDS, rate=48_000), 48_000)


def sequence(folder: Path, section: int) -> FrameSequence:
    """Describe a section's cards."""
    count, first = SECTIONS[section]
    return FrameSequence(
        folder=str(folder / f"section {section}"), prefix=f"s{section}_", suffix=".png", first_number=first, digits=6, frame_count=count
    )


def picture_path(folder: Path, card: tuple[int, int]) -> Path:
    """Give the file of a card."""
    frame, section = card
    return folder / f"section {section}" / f"s{section}_{SECTIONS[section][1] + frame:06d}.png"


def make(folder: Path, fps: Fraction, *, fade: bool = True) -> Scene:
    """Describe the edit of the media that `write_media` wrote into a folder; without the fade it has hard cuts only."""
    clips = [_clip(folder, section, *span) for section, span in ((1, FIRST), (2, SECOND), (3, THIRD))]
    pictures = (clips[0], *((FADE,) if fade else ()), clips[1], Gap(frame_count=GAP), clips[2])
    sound = Clip(
        name="Clicks",
        media=MediaFile(path=str(folder / "clicks.wav"), frame_count=int(SOUND_SECONDS * fps)),
        source_start=Fraction(SOUND_START),
        frame_count=LENGTH - SOUND_GAP,
    )
    tracks = (
        Track(name="Pictures", kind="video", items=pictures),
        Track(name="Sound", kind="audio", items=(Gap(frame_count=SOUND_GAP), sound)),
    )
    markers = (Marker(name="Ünï & <beat>", start=30, colour="RED"), Marker(name="Part", start=60, frame_count=25, colour="BLUE"))
    edit = Edit(name="Scene", fps=fps, tracks=tracks, markers=markers, width=CARD_SIZE, height=CARD_SIZE)
    return Scene(edit=edit, cards=_cards(fade=fade), clicks=_clicks(fps))


def _clip(folder: Path, section: int, start: int, length: int) -> Clip:
    return Clip(
        name=f"Section {section}",
        media=sequence(folder, section),
        source_start=Fraction(start),
        frame_count=length,
        metadata=f'{{"section":{section}}}',
    )


def _cards(*, fade: bool) -> list[tuple[int, int] | None]:
    first, second, third = (
        [(start + frame, section) for frame in range(length)] for section, (start, length) in ((1, FIRST), (2, SECOND), (3, THIRD))
    )
    cards = [*first, *second, *[None] * GAP, *third]
    return [None if fade and number in FADED else card for number, card in enumerate(cards)]


def _clicks(fps: Fraction) -> np.ndarray:
    shift = (SOUND_GAP - SOUND_START) / float(fps)
    times = sounds.click_times(SOUND_SECONDS) + shift
    return times[(times >= SOUND_GAP / float(fps)) & (times < LENGTH / float(fps) - sounds.CLICK_SECONDS)]


# What an editor made of it --------------------------------------------------------------------------------------------------------------


def check_render(movie: Path, scene: Scene, *, folder: Path, exact: bool) -> None:
    """Hold a render against the scene: rate, length, every card, the fade, the gap, every click.

    Parameters
    ----------
    movie
        What the editor rendered.
    scene
        What it was given.
    folder
        Where the scene's cards lie.
    exact
        Whether the pictures must be the cards' own pixels.
    """
    with av.open(str(movie)) as container:
        assert container.streams.video[0].average_rate == scene.edit.fps
        pictures = [_square(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    seen = [read_card(picture) if expected else None for picture, expected in zip(pictures, scene.cards, strict=True)]
    assert seen == scene.cards
    if exact:
        for picture, card in zip(pictures, scene.cards, strict=True):
            assert card is None or np.array_equal(picture, read_picture(picture_path(folder, card)))
    for number in GAP_FRAMES:
        assert pictures[number].max() <= 3, f"frame {number}, in the gap, is not black"
    if any(isinstance(item, Crossfade) for item in scene.edit.tracks[0].items):
        _check_fade(pictures, folder)
    np.testing.assert_allclose(heard_clicks(movie), scene.clicks, atol=0.001)


def _square(picture: np.ndarray) -> np.ndarray:
    """Cut out the middle: an editor may show square cards in a wide picture."""
    height, width = picture.shape[:2]
    return picture[:, (width - height) // 2 : (width + height) // 2]


def _check_fade(pictures: list[np.ndarray], folder: Path) -> None:
    """Each frame of the fade is a mixture of the two right cards, and the later one's share rises."""
    shares = []
    for number in FADED:
        earlier = read_picture(picture_path(folder, (FIRST[0] + number, 1))).astype(float)
        later = read_picture(picture_path(folder, (SECOND[0] + number - FIRST[1], 2))).astype(float)
        shown = _small(pictures[number])
        difference = later - earlier
        share = float(((shown - earlier) * difference).sum() / (difference * difference).sum())
        assert np.abs(earlier + share * difference - shown).mean() < 6, f"frame {number} is no mixture of its two cards"
        shares.append(share)
    assert np.all(np.diff(shares) > 0), shares
    assert shares[0] < 0.2 and shares[-1] > 0.8, shares  # noqa: PT018 (one rule)


def _small(picture: np.ndarray) -> np.ndarray:
    """Bring a picture to a card's size: float64 [size, size, 3]."""
    return np.asarray(Image.fromarray(picture).resize((CARD_SIZE, CARD_SIZE), Image.Resampling.BOX)).astype(float)


def heard_clicks(movie: Path) -> np.ndarray:
    """Find the clicks on the movie's own clock: seconds, float64 [n]."""
    to_mono = av.AudioResampler(format="fltp", layout="mono", rate=48_000)
    blocks, start = [], None
    with av.open(str(movie)) as container:
        for frame in container.decode(audio=0):
            start = frame.time if start is None else start
            blocks += [block.to_ndarray()[0] for block in to_mono.resample(frame)]
    return sounds.find_clicks(np.concatenate(blocks).astype(float), 48_000) + start
