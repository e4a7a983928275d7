"""The bytes of a table → text, whatever program wrote it."""

import codecs
import difflib
import re
from itertools import pairwise
from pathlib import Path

from warmstart.errors import DataError, SettingError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # the longer mark first: that of UTF-32 begins with that of UTF-16
LETTERS = {
    "cp1252": "äöüÄÖÜßéèêëàâáãåæçíìîïñóòôõøœúùûÿÉÈÀÂÁÇÑÅÆØÓŒ’‘“”–—…€£°©®½µ«»¿¡",
    "mac-roman": "äöüÄÖÜßéèêëàâáãåæçíìîïñóòôõøœúùûÿÉÈÀÂÁÇÑÅÆØÓŒ’‘“”–—…",
    "cp1254": "çğıöşüâîûÇĞİÖŞÜ’“”–€",
    "cp1250": "áčďéěíňóřšťúůýžąćęłńśźżőűäöüßôľĺŕăâîşţÁČĎÉÍŇÓŘŠŤÚŮÝŽĄĆĘŁŃŚŹŻŐŰÄÖÜ’„”–€",
}  # with accents, of languages that otherwise write ASCII; of equally likely ones the first
COMMON = {
    "cp1251": "оеаинтсрвлкмдпуяьы",
    "koi8-r": "оеаинтсрвлкмдпуяьы",
    "cp1253": "αοιετσνηυρπκμλάίέόήύώς",
    "cp1255": "יוהלאתרבמשנםכ",
    "cp1256": "اليمنرتوبةعدسف",
}  # frequent letters, of languages that write no ASCII
ASIAN = ("gb18030", "cp932", "cp949", "big5")
MOSTLY = 0.6
HANGUL = (
    "가각간갈감강개거건걸것게결경계고곡공과관광교구국군그금급기길김까나난날남내너년노는니다단달당대더데도동되된두드들등"
    "디때라람래러레려력로록료류르를리린마만말망매면명모목무문물미민바발방배버법변별보복본부북분비사산상새생서석선설성세"
    "소속수술스시식신실심아안알암야양어언업에여역연영예오온와왕외요용우운원월위유육으은을음의이인일임입있자작장재저적전"
    "정제조종주중지직진질차참창책처천체초총추출치카크키타태터토통트특티파팔편평포표품프하학한할함합항해행향허험현형호화"
    "환활회후"
)  # frequent syllables


def decode_text(content: bytes, path: Path, encoding: str | None = None) -> str:
    """A file's text.

    Args:
        content: Its bytes.
        path: Of the file, for errors.
        encoding: By name; None is UTF-8, or what a byte order mark says.

    Raises:
        DataError: it is in another encoding; the error names the likeliest.
    """
    name = resolve_encoding(encoding) if encoding is not None else marked(content)
    try:
        text = content.decode(name)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        likely = guess_encoding(content)
        line = content[:start].count(b"\n") + 1
        shown = f"byte 0x{content[start]:02x} at position {start}, in line {line}"
        raise DataError(
            f"{path} is not {name.upper().removesuffix('-SIG')}: {shown}.",
            expected="a CSV in UTF-8, or with the encoding named.",
            fix=f'pass encoding="{likely}", which seems to be its encoding.',
            flags=("--encoding", likely),
        ) from error
    if is_wide(content) and encoding is None:
        likely = guess_encoding(content)
        raise DataError(
            f"{path} holds zero bytes, as text in UTF-16 does.",
            expected="a CSV in UTF-8, or with the encoding named.",
            fix=f'pass encoding="{likely}".',
            flags=("--encoding", likely),
        )
    return text.removeprefix("\ufeff")


def marked(content: bytes) -> str:
    """What a byte order mark says, else UTF-8."""
    return next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")


def resolve_encoding(encoding: str) -> str:
    """Python's name of an encoding of texts.

    Raises:
        SettingError: there is none of that name.
    """
    try:
        known = codecs.lookup(encoding)
        "".encode(known.name)  # some of Python's codecs are not about texts
    except (LookupError, ValueError, TypeError) as error:
        close = difflib.get_close_matches(
            encoding.lower(), ("utf-8", "utf-16", *LETTERS, *COMMON, *ASIAN), 1
        )
        near = close[0] if close else "utf-8"
        raise SettingError(
            f"there is no encoding {encoding!r}.",
            expected="a name that Python knows, such as utf-8, utf-16, cp1252 or gb18030.",
            fix=f'pass encoding="{near}".',
            flags=("--encoding", near),
        ) from error
    return known.name


def is_wide(content: bytes) -> bool:
    """Whether much of it is zero, as each letter's second byte is in UTF-16."""
    return content.count(0) * 5 > len(content) and not content.startswith(
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    )


def guess_encoding(content: bytes) -> str:
    """The likeliest encoding of text that is not UTF-8; short texts and few letters are usual.

    A detector of encodings wants a page of text, and a table may have three words in other letters
    than ASCII: so the encodings that spreadsheets write are looked at first, by their letters.
    """
    if is_wide(content):
        return "utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be"
    pairs = double_bytes(content)
    if (
        pairs
        and decoded_or_empty(content, "cp932")
        and all(lead in {0x82, 0x83} for lead, _ in pairs)
    ):
        return "cp932"  # kana alone
    for name, letters in LETTERS.items():
        text = decoded_or_empty(content, name)
        others = [letter for letter in text if ord(letter) > 127]
        if others and set(others) <= set(letters) and not is_crowded(text):
            return name
    shares = {
        name: common_share(decoded_or_empty(content, name), of) for name, of in COMMON.items()
    }
    name, share = max(shares.items(), key=lambda item: item[1])
    asian = asian_encoding(content)
    if share > MOSTLY or (asian is None and share > 0):
        return name
    if asian is not None:
        return asian
    from charset_normalizer import from_bytes  # here: only such a file needs it

    found = from_bytes(content).best()
    return found.encoding.replace("_", "-") if found is not None else "cp1252"


def decoded_or_empty(content: bytes, name: str) -> str:
    """Text, "" if it is not in this encoding."""
    try:
        return content.decode(name)
    except UnicodeError:
        return ""


def is_crowded(text: str) -> bool:
    """Whether letters with accents stand side by side, as no such language often writes them."""
    accents = [ord(letter) > 127 for letter in text]
    pairs = sum(one and other for one, other in pairwise(accents))
    return pairs > sum(accents) // 2


def common_share(text: str, common: str) -> float:
    """The share of frequent letters among those that are not ASCII; 0 if case changes in words."""
    others = [letter for letter in text if ord(letter) > 127]
    changes = any(a.islower() and b.isupper() for a, b in pairwise(text))
    letters = set(common) | set(common.upper())
    return 0.0 if changes or not others else sum(one in letters for one in others) / len(others)


def asian_encoding(content: bytes) -> str | None:
    """Which encoding of two bytes per sign, by the ranges of its frequent signs; None for none."""
    pairs = double_bytes(content)
    if not pairs:
        return None
    leads, trails = [lead for lead, _ in pairs], [trail for _, trail in pairs]
    if decoded_or_empty(content, "cp932") and (
        share_of(leads, 0x82, 0x83) > 0.2 or max(leads) < 0xA0
    ):
        return "cp932"
    if min(trails) < 0xA1 or min(leads) < 0xB0:
        return (
            "big5"
            if decoded_or_empty(content, "big5") and share_of(leads, 0xA4, 0xC6) > MOSTLY
            else None
        )
    korean = [sign for sign in decoded_or_empty(content, "cp949") if ord(sign) > 127]
    if korean and sum(sign in HANGUL for sign in korean) > MOSTLY * len(korean):
        return "cp949"
    is_chinese = decoded_or_empty(content, "gb18030") and share_of(leads, 0xB0, 0xD7) > MOSTLY
    return "gb18030" if is_chinese else None


def double_bytes(content: bytes) -> list[tuple[int, int]]:
    """What signs of two bytes there would be."""
    return [(pair[0], pair[1]) for pair in re.findall(rb"[\x81-\xfe][\x40-\xfe]", content)]


def share_of(values: list[int], low: int, high: int) -> float:
    """The share of values within a range."""
    return sum(low <= value <= high for value in values) / len(values)
