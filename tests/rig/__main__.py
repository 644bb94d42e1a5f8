"""The rig: looks on for faults, by hand and for as long as one likes. Run by `python3 dev.py rig`."""

import argparse
import sys
from pathlib import Path

from tests.rig import blender_faults, faults, long_use, strangers
from tests.rig.readers import READERS
from tests.rig.sound_files import SOUND_READERS
from tools.environments import BLENDERS

SUBJECTS = ("faults", "blender", "strangers", "sounds", "long-use")


def main(arguments: list[str]) -> int:
    """Do what was asked for; 1: something was found."""
    options = _parser().parse_args(arguments)
    blender = next((one.python for one in reversed(BLENDERS.values()) if one.is_ready), None)
    findings: list[str] = []
    for subject in options.subjects or SUBJECTS:
        print(f"--- {subject}, seed {options.seed}", flush=True)
        if subject in ("blender", "long-use") and blender is None:
            print("left out: there is no Blender here (python3 dev.py setup --all)")
        else:
            findings += _do(subject, options, blender)
    print(*(f"FINDING {one}" for one in findings), f"{len(findings)} findings", sep="\n")
    return 1 if findings else 0


def _do(subject: str, options: argparse.Namespace, blender: Path | None) -> list[str]:
    rounds, seed, keep = options.rounds, options.seed, options.keep
    match subject:
        case "faults":
            return faults.main(rounds=rounds, seed=seed)
        case "blender":
            return blender_faults.main(rounds=rounds, seed=seed, python=blender)
        case "long-use":
            return long_use.main(seconds=options.seconds, seed=seed, python=blender)
        case "strangers" if strangers.HAS_ATHERIS:
            return [
                one for reader in READERS for one in strangers.run_by_coverage(reader.name, seconds=options.seconds, seed=seed, keep=keep)
            ]
    names = [reader.name for reader in (SOUND_READERS if subject == "sounds" else READERS)]
    return [one for name in names for one in strangers.run_by_seed([name], rounds=10 * rounds, seed=seed, keep=keep)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py rig", description="Look for faults by seed, for as long as you like.")
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"some of {', '.join(SUBJECTS)} (all)")
    parser.add_argument(
        "--rounds", type=int, default=100, metavar="N", help="rounds of faults; ten times as many inputs for each reader (100)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="another seed draws other rounds (0)")
    parser.add_argument("--seconds", type=int, default=600, metavar="N", help="for long use, and for each reader with atheris (600)")
    parser.add_argument(
        "--keep", type=Path, default=Path("rig_findings"), metavar="DIR", help="where inputs go that broke a rule (rig_findings)"
    )
    options = parser.parse_known_args()[0]
    unknown = [one for one in options.subjects if one not in SUBJECTS]
    if unknown:
        parser.error(f"there is no subject {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
