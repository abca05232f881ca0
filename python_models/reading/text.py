"""Text files as their owners mean them: the encoding, delimiter and header of a file, and its text in UTF-8.

A file is given as a binary file that can be read again from its start, or as its bytes, packed by gzip or not.
Both engines call `description` and `in_utf8` from SQL (macro of_file).
"""

import codecs
import gzip
import io
import itertools
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

DELIMITERS = (",", ";", "\t", "|")
# what a file is instead of text, by its first bytes, and what was expected
NO_TEXT = {
    b"PK\x03\x04": "a ZIP archive or a workbook, not text: expected the file in it, unpacked or saved as CSV",
    b"\xd0\xcf\x11\xe0": "a workbook, not text: expected it saved as CSV",
    b"PAR1": "a Parquet file: expected text, or the ending .parquet",
    b"(\xb5/\xfd": "packed by zstd: expected text, or text packed by gzip",
    b"BZh": "packed by bzip2: expected text, or text packed by gzip",
    b"\x1f\x8b": "packed by gzip twice: expected it once",
    b"<!DO": "a web page, as a login that has expired gives: expected text",
    b"<htm": "a web page, as a login that has expired gives: expected text",
}
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before that of UTF-16, with which it begins
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# of a name in a header, what cannot be seen
BLANKS = " \t\u00a0\u00ad\u200b\u200c\u200d\u202f\u2060\u3000\ufeff"
# of a line that is no UTF-8, what stands for its letters beyond ASCII; no value that is read may hold it
REPLACEMENT = "\ufffd".encode()
BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
BESIDE_LATIN = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
BESIDE_EACH_OTHER = re.compile(rb"[\xc0-\xff]{2}")
# what no word has: letters of two scripts, a capital letter after a small one, a sign between two letters
SIGNS = "[\u0080-\u009f\u00a1-\u00a9\u00ac\u00ae-\u00b4\u00b6\u00b8\u00b9\u00bc-\u00bf\u201a-\u203a\u20ac]"
WORD = re.compile(rf"[^\W\d_]+(?:{SIGNS}[^\W\d_]+)*")
WRONG_LETTERS = re.compile(
    rf"[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]|{SIGNS}"
    r"|[a-z\u0430-\u045f\u00df-\u00ff][A-Z\u0400-\u042f\u0490\u00c0-\u00de]"
)
# lines beyond ASCII by which the encoding of a file that is no UTF-8 is told, and whether its letters look right
LINES_JUDGED = 100_000
LINES_LOOKED_AT = 10_000
MIXED_SHARE = 0.1  # lines that are UTF-8 for one that is not, from which encodings are mixed
DOUBTFUL_SHARE = 0.1  # words with wrong letters for one beyond ASCII, above which they look wrong
CHUNK = 1 << 20

Binary = BinaryIO | gzip.GzipFile


def opened(file: Binary | bytes) -> Binary:
    """The file from its start, unpacked where it is packed by gzip."""
    file = io.BytesIO(file) if isinstance(file, (bytes, bytearray)) else file
    file.seek(0)
    is_packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if is_packed else file


def encoding_of(file: Binary) -> str:
    """How a file is encoded: utf-8, utf-16, utf-32 (-le or -be where no mark says it), broken utf-8, cp1252 or cp1251.

    UTF-16 and UTF-32 by their byte-order mark or their zero bytes; utf-8 where all bytes are valid UTF-8; broken utf-8
    where some lines beyond ASCII are valid and some are not, so that a letter cut in half costs its line and not the
    file; else cp1252 where letters beyond ASCII stand beside Latin ones more often than beside each other, as in Köln,
    and cp1251 where not.
    """
    file.seek(0)
    head = file.read(4096)
    for mark, codec in MARKS.items():
        if head.startswith(mark):
            return codec
    wide = _by_zero_bytes(head)
    if wide:
        return wide
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    counts: Counter[str] = Counter()
    for line in _lines_beyond_ascii(file, LINES_JUDGED):
        counts["valid" if _is_utf8(line) else "broken"] += 1
        counts["latin"] += len(BESIDE_LATIN.findall(line))
        counts["other"] += len(BESIDE_EACH_OTHER.findall(line))
    if head.startswith(codecs.BOM_UTF8) or counts["valid"] > MIXED_SHARE * counts["broken"]:
        return "broken utf-8"
    return "cp1252" if counts["latin"] > counts["other"] else "cp1251"


def has_wrong_letters(file: Binary, encoding: str) -> bool:
    """Whether words of a file in a code page look as if it were another one, as that of a Mac or of DOS."""
    wrong = words = 0
    for line in _lines_beyond_ascii(file, LINES_LOOKED_AT):
        for word in WORD.findall(line.decode(encoding, "replace")):
            if not word.isascii():
                words += 1
                wrong += WRONG_LETTERS.search(word) is not None
    return wrong > DOUBTFUL_SHARE * words


def _by_zero_bytes(head: bytes) -> str | None:
    """The encoding of letters of two or four bytes, which have zero bytes always in the same place."""
    zeros = [head[place::4].count(0) for place in range(4)]
    count = len(head) // 4
    if count and zeros[2:] == [count, count] and not zeros[0]:
        return "utf-32-le"
    if count and zeros[:2] == [count, count] and not zeros[3]:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if odd > 10 * even and odd > max(1, count / 4):
        return "utf-16-le"
    if even > 10 * odd and even > max(1, count / 4):
        return "utf-16-be"
    return None


def _lines_beyond_ascii(file: Binary, count: int) -> Iterator[bytes]:
    file.seek(0)
    return itertools.islice((line for line in file if not line.isascii()), count)


def in_utf8(file: Binary | bytes, encoding: str) -> bytes:
    """The whole text in UTF-8, without a byte-order mark, its lines separated by line feeds alone.

    `encoding` is one of `encoding_of`. What it has no letter for becomes a replacement character; of a line that is no
    UTF-8, all letters beyond ASCII do.
    """
    file = opened(file)
    if encoding == "utf-8":
        text = file.read()
    elif encoding == "broken utf-8":
        text = b"".join(
            line if _is_utf8(line) else BEYOND_ASCII.sub(REPLACEMENT, line) for line in file
        )
    else:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        text = b"".join(decoder.decode(chunk).encode() for chunk in _chunks(file))
        text += decoder.decode(b"", final=True).encode()
    while text.startswith(codecs.BOM_UTF8):
        text = text[len(codecs.BOM_UTF8) :]
    # a search for the rare carriage return is quicker than a copy
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def description(file: BinaryIO | bytes, options: str) -> str:
    """`described` for SQL: options and answer are JSON, and what is wrong with the file is its member `fault`."""
    try:
        return json.dumps(described(opened(file), **json.loads(options)))
    except ValueError as fault:
        return json.dumps({"fault": str(fault)})
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return json.dumps({"fault": "is packed by gzip and broken: expected a whole file."})


def described(file: Binary, delimiter: str | None, headerless: list[list[str]] | None) -> dict:
    """How a text file is read: its `encoding`, `delimiter`, `header` (names) and `header_line` (0 without a header).

    `has_wrong_letters` tells an encoding that is a guess and looks wrong. `delimiter` is what the layout says, if
    anything: one character, of which a blank stands for any number of blanks and tabs. `headerless` has the names of a
    file without a header, a list for each number of columns that it may have; such a file has a header if no digit is
    in its first line. Raises ValueError, with the end of a sentence that begins with `File NAME`, for a file without a
    line that could be read.
    """
    file.seek(0)
    head = file.read(4)
    for start, what in NO_TEXT.items():
        if head.startswith(start):
            raise ValueError(f"is {what}.")
    encoding = encoding_of(file)
    lines = _filled_lines(file, encoding)
    number, first = next(lines, (0, ""))
    # how spreadsheets tell each other the delimiter, which they write after it when they save the line as one of values
    told = re.fullmatch(r'"?sep=(.)"?\1*', first.strip(" "), re.IGNORECASE)
    if told:
        number, first = next(lines, (0, ""))
        if delimiter is None and told.group(1) in DELIMITERS and told.group(1) in first:
            delimiter = told.group(1)
    if not number:
        raise ValueError(f"is empty: expected {'rows' if headerless else 'a header line'}.")
    delimiter = delimiter or delimiter_of(first)
    if headerless and re.search("[0-9]", first):
        header, number = _usual_names(_filled_lines(file, encoding), delimiter, headerless), 0
    else:
        header = fields_of(first, delimiter)
    return {
        "encoding": encoding, "delimiter": delimiter, "header": header, "header_line": number,
        "has_wrong_letters": encoding.startswith("cp") and has_wrong_letters(file, encoding),
    }  # fmt: skip


def delimiter_of(header_line: str) -> str:
    """The delimiter that a header line shows most often outside of quotes; a comma where it shows none."""
    unquoted = re.sub('"[^"]*"', "", header_line)
    return max(DELIMITERS, key=unquoted.count)


def fields_of(line: str, delimiter: str) -> list[str]:
    """The fields of a line, without blanks and quotes around them."""
    if delimiter == " ":
        return [field.strip('"') for field in re.findall(r"[^ \t]+", line)]
    mark = re.escape(delimiter)
    fields = re.findall(f'("(?:[^"]|"")*"|[^{mark}]*){mark}', line + delimiter)
    return [field.strip(BLANKS).strip('"').strip(BLANKS) for field in fields]


def _usual_names(lines, delimiter, headerless):
    """The names for the number of columns that most lines have."""
    names_by_count = {len(names): names for names in headerless}
    counts = Counter(len(fields_of(line, delimiter)) for _, line in lines)
    known = [count for count in sorted(names_by_count) if counts[count]]
    if not known:
        raise ValueError(
            f"has no line of {' or '.join(map(str, names_by_count))} values: expected "
            f"{' or '.join(map(', '.join, headerless))}."
        )
    return names_by_count[max(known, key=lambda count: counts[count])]


def _filled_lines(file: Binary, encoding: str) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is not blank."""
    file.seek(0)
    codec = "utf-8" if encoding == "broken utf-8" else encoding
    text = io.TextIOWrapper(file, codec, "replace")  # takes line ends of every kind
    try:
        for number, line in enumerate(text, 1):
            line = line.rstrip("\n").lstrip("\ufeff" if number == 1 else "")
            if line.strip(" "):
                yield number, line
    finally:
        text.detach()  # else the file would be closed with it


def _chunks(file: Binary) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
