"""Bytes of a text file to text: UTF-8 is recognised by itself, older encodings by their languages. No text holds C1 controls."""

import re

from ..protocol import UserError

WINDOWS_TWINS = {
    "iso88591": "cp1252",
    "iso885915": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "usascii": "cp1252",
    "iso88592": "cp1250",
    "latin2": "cp1250",
    "iso88595": "cp1251",
    "iso88596": "cp1256",
    "iso88597": "cp1253",
    "iso88598": "cp1255",
    "iso88598i": "cp1255",
    "iso88598e": "cp1255",
    "iso88599": "cp1254",
    "iso885913": "cp1257",
    "iso88594": "cp1257",
}
"""Windows' encodings put letters where the ISO's have controls (C1), which no text holds; else they are (nearly) the same."""
OTHER_SCRIPTS = {
    "windows1251",
    "windows1253",
    "windows1255",
    "windows1256",
    "iso88595",
    "iso88596",
    "iso88597",
    "iso88598",
    "koi8r",
    "koi8u",
}
EASTERN_LATIN = {"windows1250", "windows1257", "iso88592", "iso88593", "iso88594", "iso885910", "iso885913"}
WORD = re.compile(r"\w+")
OTHER_LETTERS = ("\u0370", "\u06ff")
ELISION = re.compile("[A-Za-z]['\u0092\u2019][A-Za-z]")
C1 = range(0x80, 0xA0)
AS_CP1252 = {code: bytes([code]).decode("cp1252", errors="ignore") for code in C1}


def decode(data: bytes, encoding: str, *, name: str) -> str:
    """Decode a text file.

    Parameters
    ----------
    data
        What it holds.
    encoding
        Its encoding, such as "shift_jis". Empty: found out.
    name
        What errors call it.

    Raises
    ------
    UserError
        If it is no text, not written in that encoding, or there is no such encoding.
    """
    chosen = encoding or _detected(data, name=name)
    try:
        text = data.decode(chosen)
    except LookupError as error:
        raise UserError(f"There is no encoding “{encoding}”.", "Name one such as utf-8, cp1252 or shift_jis, or none.") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"“{name}” is not written in {error.encoding}: byte {error.start + 1} means nothing there.",
            "Save it as UTF-8.",
        ) from error
    return _without_c1(text, data, chosen)


def _without_c1(text: str, data: bytes, encoding: str) -> str:
    """Read as Windows' encoding what only that can be; what is a control nevertheless was written by a program that confused the two."""
    if any(ord(letter) in C1 for letter in text) and (twin := WINDOWS_TWINS.get(encoding.lower().replace("-", "").replace("_", ""))):
        text = data.decode(twin, errors="replace")
    return text.translate(AS_CP1252)


def _detected(data: bytes, *, name: str) -> str:
    from chardet import EncodingEra, detect

    if not data.strip():
        return "utf-8"
    found = detect(data, encoding_era=EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO)["encoding"]
    if found is None:
        raise UserError(f"“{name}” is no text file.", "Choose a text, LRC, SRT or VTT file with the song's words.")
    return "cp1252" if _is_western(data, found) else found


def _is_western(data: bytes, found: str) -> bool:
    """Say whether a short text was taken for another language's: no word mixes two scripts, and none of the east's Latin has elisions."""
    kind = found.lower().replace("-", "").replace("_", "")
    text = data.decode(found, errors="replace") if kind in OTHER_SCRIPTS | EASTERN_LATIN else ""
    if kind in OTHER_SCRIPTS:
        first, last = OTHER_LETTERS
        words = [word for word in WORD.findall(text) if any(first <= letter <= last for letter in word)]
        return 2 * sum(any(letter.isascii() and letter.isalpha() for letter in word) for word in words) > len(words)
    return ELISION.search(text) is not None
