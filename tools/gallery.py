"""Makes `docs/gallery.md` and its pictures of those that the window tests leave in `.artefacts/window/`.

    python3 dev.py test tests/window && .venv/worker/bin/python -m tools.gallery

In: screens of 1600 x 900. Out: the sequencer's half of each, or what else is named, as JPEG.
"""

import sys
from dataclasses import dataclass

from PIL import Image

from core.files import write_whole
from tools.environments import ROOT
from tools.song_sheets import SONGS, sheet_path

SCREENS = ROOT / ".artefacts" / "window"
PICTURES = ROOT / "docs" / "images" / "gallery"
PAGE = ROOT / "docs" / "gallery.md"
QUALITY = 82

Box = tuple[int, int, int, int]
WORK: Box = (322, 26, 1600, 876)
"""Preview, strips and sidebar; neither the file browser nor its folder."""
STRIPS: Box = (0, 434, 1600, 876)
MODELS: Box = (500, 522, 1312, 790)
TIMELINE: Box = (0, 434, 1220, 876)
"""The last two show nobody's folders."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture of the gallery.

    Parameters
    ----------
    screen
        Its file's name, without suffix: the window test's, then the picture's.
    words
        What one sees.
    box
        Which part of the screen: left, top, right, bottom.
    """

    screen: str
    words: str
    box: Box = WORK


GALLERY: dict[str, tuple[Shown, ...]] = {
    "The first film": (
        Shown(screen="first_strip_tab", words="A song dropped on the timeline, and the panel that shows what it can become.", box=STRIPS),
        Shown(screen="generate_drawing", words="The strip is there while its film is drawn; Blender stays free."),
        Shown(screen="generate_film", words="The film above its sound."),
        Shown(screen="filling_crashed", words="Blender died in the middle of a film: nothing is lost.", box=STRIPS),
    ),
    "What shows": (
        Shown(screen="editing_search", words="Things are found by name or kind.", box=STRIPS),
        Shown(screen="editing_things", words="Pinned things stay, Shuffle changes the others.", box=STRIPS),
        Shown(screen="editing_lyrics", words="The lyrics, read: each line with its time and its thing.", box=STRIPS),
        Shown(screen="sources_mirrored", words="Mirrored, a square picture fills the frame."),
    ),
    "How it moves": (
        Shown(screen="curves_keyed", words="Any number can be keyframed: hover, and press I.", box=STRIPS),
        Shown(screen="curves_curves", words="Loudness, hits and things, drawn on the strip.", box=STRIPS),
    ),
    "A piece with other settings": (
        Shown(screen="sections_stale", words="Split with K: the piece in the middle has other settings now, and says so."),
        Shown(screen="sections_drawn", words="After Render: that piece is drawn again, and takes off and lands without a jump."),
        Shown(screen="sections_presets", words="Presets, both originals among them.", box=STRIPS),
        Shown(screen="sections_markers", words="Beats, bars and parts as markers.", box=STRIPS),
        Shown(screen="editing_split", words="A film split at its markers."),
        Shown(screen="keeping_colours", words="Colours tell which pieces want to be rendered, and which have lost frames.", box=STRIPS),
    ),
    "Installing and keeping": (
        Shown(screen="engine_sidebar", words="The engine is not there yet: what would be done, and the button that does it.", box=STRIPS),
        Shown(screen="models_downloading", words="A published BigGAN comes down.", box=MODELS),
        Shown(screen="keeping_clean_up", words="Clean Up names what it would remove, and asks.", box=STRIPS),
    ),
    "To other editors, and back": (
        Shown(screen="hand_over_imported", words="A timeline that came back from another editor.", box=TIMELINE),
    ),
}

MOVING = {
    "cue_sheet": "Without lyrics: the cue sheet says which thing leads when, and changes it on bar lines.",
    "sections": "A section with other settings: it is different, and the film before and after it stays exactly as it was.",
    "hand_over": "An edit for other programs: exported in four formats, and drawn here as it is read back from each file.",
}
"""Films of `tools.moving_pictures`, and what one sees."""


def main() -> int:
    """Write the page and its pictures; 1, naming them, if screens are missing."""
    shown = [one for part in GALLERY.values() for one in part]
    missing = [one.screen for one in shown if not (SCREENS / f"{one.screen}.png").is_file()]
    if missing:
        print(f"No pictures of {', '.join(missing)}: run the window tests first (python3 dev.py test tests/window).", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.iterdir():
        old.unlink()
    for one in shown:
        with Image.open(SCREENS / f"{one.screen}.png") as screen:
            screen.crop(one.box).convert("RGB").save(PICTURES / f"{one.screen}.jpg", quality=QUALITY, optimize=True)
    write_whole(PAGE, _page().encode())
    return 0


def _page() -> str:
    lines = ["# Gallery", "", "Made by `python -m tools.gallery` of what the window tests saw.", ""]
    lines += ["## What a song gives without reading anything", ""]
    lines += [
        "Three tracks of game music, no lyrics, all settings as they come, 40 s from the middle of each; above, with the settings of the"
    ]
    lines += ["release before (Blend 1, Truncation 1, no hits, square). Drawn by `python -m tools.song_sheets`.", ""]
    for song in SONGS:
        lines += [f"![{song.capitalize()}: before, and now.](images/{sheet_path(song).name})", "", f"{song.capitalize()}.", ""]
    lines += ["## In motion", "", "The demo's song; made by `python -m tools.moving_pictures`.", ""]
    for name, words in MOVING.items():
        lines += [f"![{words}](images/moving/{name}.webp)", "", words, ""]
    for title, part in GALLERY.items():
        lines += [f"## {title}", ""]
        for one in part:
            lines += [f"![{one.words}](images/gallery/{one.screen}.jpg)", "", one.words, ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
