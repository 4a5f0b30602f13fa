"""Text of a file's bytes: its mark is obeyed, and an encoding that does not fit is named."""

import codecs
import re
from dataclasses import dataclass

from pluralign_stats.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (
    (b"PK\x03\x04", "an Excel or zip file, not text; end its name in .xlsx, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "a file of an old Excel, not text; save it as .xlsx or CSV"),
    (b"PAR1", "a Parquet file, not text; end its name in .parquet"),
    (b"\x1f\x8b", "compressed; unpack it"),
)
#: Encodings of tables in use, the more common first: Excel on Windows, on Macs, older programs.
_USUAL = (
    "cp1252", "mac_roman", "cp1250", "cp1251", "cp1253", "cp1254", "cp850", "iso8859_2",
    "mac_cyrillic", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949",
)  # fmt: skip
_IN_WORDS = "’–·"
_SAMPLE = 20_000


def decode(
    content: bytes, name: str, encoding: str = "utf-8", advice: str = "save it as UTF-8"
) -> str:
    """Text of a file; a byte order mark beats the stated encoding, and is no part of the text.

    Parameters
    ----------
    content
        The file's bytes.
    name
        Of the file, for messages.
    encoding
        As stated by the user.
    advice
        What to do if another encoding fits; ``{}`` stands for it.

    Raises
    ------
    InputError
        If the bytes are no text in this encoding, or their text is plainly in another: the line,
        what it looks like, and how a word of it then reads.
    """
    _refuse_binary(content, name)
    mark, marked = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", None))
    encoding = marked or _known(encoding, name)
    body = content[len(mark) :]
    wide = None if marked or encoding.startswith(("utf-16", "utf-32")) else _wide(body)
    if wide:
        raise InputError(
            f"{name}: is UTF-16 text without a mark that says so; {advice.format(wide)}"
        )
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(_unfit(body, error.start, encoding, name, advice)) from None
    if not marked and encoding != "utf-8":
        _refuse_misread(body, text, encoding, name, advice)
    return text


def _refuse_binary(content: bytes, name: str) -> None:
    for start, told in _BINARY:
        if content.startswith(start):
            raise InputError(f"{name}: is {told}")


def _known(encoding: str, name: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise InputError(
            f"{name}: unknown encoding '{encoding}'; use utf-8, cp1252 or another that Python knows"
        ) from None


def _wide(body: bytes) -> str | None:
    """UTF-16 by its zero bytes: every other byte of plain letters is one."""
    even, odd = body[:_SAMPLE:2].count(0), body[1:_SAMPLE:2].count(0)
    least = len(body[:_SAMPLE]) / 5
    if odd > least and odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > least and even > 4 * odd else None


def _unfit(body: bytes, start: int, encoding: str, name: str, advice: str) -> str:
    line = body[:start].count(b"\n") + 1
    where = f"{name}: line {line}: byte 0x{body[start]:02x} is not {encoding.upper()} text"
    likely = [] if encoding.startswith(("utf-16", "utf-32")) else likely_encodings(body)
    if not likely:
        return f"{where}; save the file as UTF-8"
    read = " or ".join(f"{e} ('{_word(body, start, e)}')" for e in likely)
    return f"{where}; it looks like {read}: {advice.format(likely[0])}"


def _word(body: bytes, start: int, encoding: str) -> str:
    """The word around a byte, as it reads in an encoding."""
    before = body[:start].decode(encoding, "replace")
    after = body[start : start + 60].decode(encoding, "replace")
    left = re.search(r"[^\s,;\"]{0,20}\Z", before)
    right = re.match(r"[^\s,;\"]{0,20}", after)
    return (left[0] if left else "") + (right[0] if right else "")


def _refuse_misread(body: bytes, text: str, encoding: str, name: str, advice: str) -> None:
    """Refuse what can be decoded as stated and is still not what it says."""
    if encoding.startswith("iso8859"):
        control = re.search("[\x80-\x9f]", text)
        if control:
            line = text[: control.start()].count("\n") + 1
            raise InputError(
                f"{name}: line {line}: in {encoding} byte 0x{ord(control[0]):02x} is a control "
                f"character, in cp1252 '{control[0].encode('latin-1').decode('cp1252', 'replace')}'"
                f"; {advice.format('cp1252')}"
            )
    if body.isascii() or encoding.startswith("utf"):
        return
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return
    start = next(place for place, byte in enumerate(body) if byte > 127)
    raise InputError(
        f"{name}: is UTF-8 text ('{_word(body, start, 'utf-8')}'), not {encoding} "
        f"('{_word(body, start, encoding)}'); take 'encoding' out of the codebook"
    )


@dataclass(frozen=True)
class _Reading:
    """How well an encoding fits: `odd` signs in words, mess and language by charset-normalizer."""

    encoding: str
    text: str
    odd: int
    mess: float
    coherence: float

    def as_good_as(self, other: "_Reading") -> bool:
        """Whether nothing but habit speaks for the other, and they do not read the same."""
        tied = self.odd == other.odd and abs(self.mess - other.mess) < 0.005
        return tied and abs(self.coherence - other.coherence) < 0.1 and self.text != other.text


def likely_encodings(body: bytes) -> list[str]:
    """The encoding that fits best; a second one where it fits as well and reads otherwise.

    Every line that is no plain ASCII is tried by charset-normalizer in the encodings in use. Among
    what it finds possible those come first that put no sign and no capital inside of a word.
    """
    from charset_normalizer import from_bytes

    lines = [line for line in body.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    readings = []
    for match in from_bytes(sample, cp_isolation=list(_USUAL), threshold=0.5):
        alike = {match.encoding, *match.could_be_from_charset} & set(_USUAL)
        if not alike:
            continue
        encoding, text = min(alike, key=_USUAL.index), str(match)
        readings.append(_Reading(encoding, text, _odd(text), match.chaos, match.coherence))
    readings.sort(
        key=lambda r: (r.odd, round(r.mess, 2), -round(r.coherence, 2), _USUAL.index(r.encoding))
    )
    best = readings[:1]
    best += [r for r in readings[1:2] if r.as_good_as(best[0])]
    return [reading.encoding for reading in best]


def _odd(text: str) -> int:
    """How many characters beyond ASCII stand where no word of any language has them."""
    capitals = re.findall(r"(?<=[a-zß-ÿ])[À-ÞŒŠŽŸŹŃ]|(?<=[A-Z])[À-ÞŒŠŽŸŹŃ](?=[a-z])", text)
    inside = re.findall(rf"(?<=\w)[^\w\s\x00-\x7f{_IN_WORDS}](?=\w)", text)
    inside += re.findall("(?<=[A-Za-z])[²³¹¼½¾ªºˆ˜˙˚˝˛ˇ¨¯´¸](?=[a-z])", text)
    other = "[\u0370-\u04ff\uff61-\uff9f]"  # Greek, Cyrillic, Japanese of half width
    mixed = re.findall(f"[A-Za-z]{other}|{other}[A-Za-z]", text)
    mixed += re.findall("(?<=[A-Za-z])[\u3040-\u9fff\uac00-\ud7a3](?=[a-z])", text)
    control = re.findall("[\x80-\x9f\ufffd]", text)
    return len(capitals) + len(inside) + len(mixed) + len(control)
