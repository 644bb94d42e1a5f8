"""What is remembered of proofs that a network may be drawn in less than float32, see `core.network.proving`. Standard library only."""

import json
from collections.abc import Iterator
from pathlib import Path

PROOFS_FOLDER = "precisions"
"""In the user's cache folder: a file for each network and device."""


def told_proofs(cache_folder: Path) -> Iterator[str]:
    """Tell of each proof that is remembered in a cache folder, for people."""
    for file in sorted((cache_folder / PROOFS_FOLDER).glob("*.json")):
        try:
            note = json.loads(file.read_text(encoding="utf-8"))
            yield f"{note['way']} is drawn in {note['precision']} (network {note['digest'][:8]}; {told_shares(note['shares'])})"
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a damaged one, or another version's
            continue


def told_shares(shares: dict[str, float]) -> str:
    """Say which share of values was too far off, by precision."""
    return ", ".join(f"{precision}: {share:.1%} off" for precision, share in shares.items())
