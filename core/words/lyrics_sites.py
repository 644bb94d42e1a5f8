"""What lyrics sites and players write around a song's words: told apart from the words by its form. Text in, text out."""

import re

from ..handover.noting import Notes

GENIUS_HEAD = re.compile(r"\d+ Contributors?")
GENIUS_TITLE = re.compile(r"[^\[\n]{1,200} Lyrics(?=\[)")
GENIUS_ADVERT = re.compile(
    r"^See [^\n]{1,80} LiveGet tickets as low as [^\n]{1,8}?(?:You might also like|$)"
    r"|^You might also like(?=\S)|(?<=\S)You might also like$",
    re.MULTILINE,
)
GENIUS_END = re.compile(r"(?:\d{1,4}(?:\.\d)?[KM]?)?Embed")
READ_MORE = "Read More"
WORK = "lyrics|words|music|written|composed|produced|arranged"
PEOPLE_OF_EUROPE = (
    "\u00e9crit par|paroles(?: et musique)?|compos\u00e9 par|auteurs?|compositeurs?"
    "|escrito por|autore?s?|compositore?s?|geschrieben von|komponist(?:en)?"
)
PEOPLE = (
    rf"(?:song)?writers?|composers?|producers?|lyricists?|artists?|(?:{WORK})(?:(?: and| ?[&/]) ?(?:{WORK}))?(?: by)?|{PEOPLE_OF_EUROPE}"
)
PEOPLE_ELSEWHERE = "作词|作詞|填词|作曲|编曲|編曲|词|詞|曲|制作人|製作人|演唱|原唱|歌手|混音|母带|监制|出品|작사|작곡|편곡"
SITES = "RentAnAdviser|AZLyrics|Megalobiz|Musixmatch"
BOILERPLATE = re.compile(
    "|".join(
        (
            r"You might also like|Read More|More on Genius|\d{0,4} ?(?:Contributors?|Translations?)",
            r"(?:See .{1,80} Live)?(?:Get tickets as low as .{1,20})|See .{1,80} Live",
            r"\d{0,4}(?:\.\d)?[KM]?Embed|Submit (?:Corrections|Lyrics)|Report a Problem|Thanks to .{1,80} for .{1,40} lyrics\.?",
            (
                r"(?:Paroles|Letra|Testo|Songtext) (?:de la chanson|de la canci\u00f3n|della canzone|von|de|di)"
                r" .{1,80}? (?:par|por|by|von|di) .{1,80}"
            ),
            r"[\"\u201c].{1,80}[\"\u201d] lyrics",
            r"(?:Lyrics|Songtext|Text) (?:licensed|provided|powered|courtesy|copyright|©).{0,80}",
            r"Source: (?:Musixmatch|LyricFind|Genius|AZLyrics).{0,80}|(?:AZ)?lyrics(?:\.com)?",
            r"\*{0,9} ?This Lyrics is NOT for Commercial use ?\*{0,9}|\(\d{10,20}\)",
            r"(?:©|\(c\) ?\d{4}|Copyright[ :©]).{0,200}|All Rights Reserved\.?|(?:https?://|www\.)\S+",
            rf".{{0,80}}\b(?:{SITES})\.com\b.{{0,80}}",
            rf"(?:{PEOPLE})(?:\(s\))? ?[:\uff1a].{{0,200}}",
            rf"(?:{PEOPLE_ELSEWHERE}) ?[:\uff1a].{{0,200}}",
            r"(?:Subtitles?|Captions?|Synced|Transcribed|Translated|Downloaded) (?:by|from)\b.{0,200}",
        )
    ),
    re.IGNORECASE,
)
"""Whole lines, without blanks around them. What repeats is bounded, so that no line takes long."""


def is_boilerplate(line: str) -> bool:
    """Say whether a line, without blanks around it, was written by a site, not sung."""
    return BOILERPLATE.fullmatch(line) is not None


def without_glue(text: str, notes: Notes, *, name: str) -> str:
    """Cut off what a lyrics site glues to the words, and part what it runs together: a heading, adverts, a count of embeddings.

    Parameters
    ----------
    text
        Plain lyrics.
    notes
        Takes what was left out.
    name
        What they call the text.
    """
    lines = GENIUS_ADVERT.sub("\n", text).strip().split("\n")
    first, last = lines[0].strip(), lines[-1].strip()
    if GENIUS_HEAD.match(first):
        _, sign, rest = first.partition(" Lyrics")
        lines[0] = rest.rpartition(READ_MORE)[2] if sign else ""
    elif title := GENIUS_TITLE.match(first):
        lines[0] = first[title.end() :]
    if (end := GENIUS_END.search(last)) and end.end() == len(last):
        lines[-1] = last[: end.start()]
    if (lines[0], lines[-1]) != (first, last) and {first, last} != {lines[0].strip(), lines[-1].strip()}:
        notes.add(f"What a lyrics site wrote around the words of “{name}” is left out")
    return "\n".join(lines)
