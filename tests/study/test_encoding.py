import re

import pytest

from pluralign_stats import InputError
from pluralign_stats.study.encoding import decode, likely_encodings

ADVICE = "state 'encoding: {}'"
MARKED = ["utf-8-sig", "utf-16", "utf-32"]

# Each text in the encodings in which programs store it; what a reader of the advice then sees.
TEXTS = {
    "de": "item,city\ni1,München\ni2,„Köln“ – schön\n",
    "quotes": "item,text\ni1,He said “hello” and it’s fine\n",
    "fr": "item,text\ni1,Le modèle répond à côté de la question\ni2,C’est très utile\n",
    "es": "item,text\ni1,¿Por qué no está aquí el señor Muñoz?\ni2,Sí\n",
    "pl": "item,text\ni1,Zażółć gęślą jaźń w Łodzi\ni2,Proszę państwa\n",
    "cz": "item,text\ni1,Příliš žluťoučký kůň úpěl ďábelské ódy\n",
    "tr": "item,text\ni1,Bu yanıt çok faydalı değil şu anda İstanbul\ni2,Katılmıyorum\n",
    "ru": "item,text\ni1,Ответ модели очень полезен\ni2,Я не согласен\n",
    "gr": "item,text\ni1,Η απάντηση είναι χρήσιμη\n",
    "ja": "item,text\ni1,この回答はとても役に立ちます\n",
    "zh": "item,text\ni1,这个回答非常有帮助\n",
    "ko": "item,text\ni1,이 답변은 매우 유용합니다\n",
}
STORED = [
    ("de", "cp1252"),
    ("de", "mac_roman"),
    ("quotes", "cp1252"),
    ("quotes", "mac_roman"),
    ("fr", "cp1252"),
    ("fr", "mac_roman"),
    ("es", "cp1252"),
    ("es", "mac_roman"),
    ("pl", "cp1250"),
    ("cz", "cp1250"),
    ("tr", "cp1254"),
    ("ru", "cp1251"),
    ("ru", "koi8_r"),
    ("gr", "cp1253"),
    ("ja", "cp932"),
    ("ja", "euc_jp"),
    ("zh", "gb18030"),
    ("ko", "cp949"),
]


@pytest.mark.parametrize("encoding", MARKED)
@pytest.mark.parametrize("stated", ["utf-8", "cp1252", "utf-16"])
def test_a_byte_order_mark_is_obeyed_and_no_part_of_the_text(encoding, stated):
    assert decode("a,ü“\n".encode(encoding), "t.csv", stated) == "a,ü“\n"


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_in_both_orders(order):
    assert decode("\ufeffa,ü\n".encode(order), "t.csv") == "a,ü\n"
    assert decode("a,ü\n".encode(order), "t.csv", order) == "a,ü\n"
    with pytest.raises(InputError, match=rf"UTF-16 text without a mark.*'encoding: {order}'"):
        decode("rater,München\n1,2\n".encode(order), "t.csv", advice=ADVICE)


@pytest.mark.parametrize(("text", "encoding"), STORED)
def test_the_encoding_that_is_advised_gives_the_text_back(text, encoding):
    content = TEXTS[text].encode(encoding)
    with pytest.raises(InputError, match=r"t.csv: line \d: byte 0x.. is not UTF-8 text") as caught:
        decode(content, "t.csv", advice=ADVICE)
    advised = re.search("'encoding: (.*?)'", str(caught.value))
    assert advised
    assert decode(content, "t.csv", advised[1]) == TEXTS[text]


def test_the_advice_shows_the_word_that_could_not_be_read():
    with pytest.raises(InputError, match=r"line 3: byte 0x84 .*looks like cp1252 \('„Köln“'\)"):
        decode("item,city\ni1,Ulm\ni2,„Köln“ ja\n".encode("cp1252"), "t.csv")


def test_a_second_encoding_is_named_where_nothing_tells_them_apart():
    hungarian = "Árvíztűrő tükörfúrógép\nNagyon szépen köszönöm a választ\n".encode("cp1250")
    assert set(likely_encodings(hungarian)) == {"cp1252", "cp1250"}


def test_a_file_in_latin_1_with_control_characters_is_windows_1252():
    content = "a\nsie sagte „ja“\n".encode("cp1252")
    with pytest.raises(InputError, match=r"line 2: in iso8859-1 byte 0x84 .*cp1252 '„'.*cp1252'"):
        decode(content, "t.csv", "latin-1", ADVICE)
    assert decode("München".encode("latin-1"), "t.csv", "latin-1") == "München"


@pytest.mark.parametrize("stated", ["cp1252", "latin-1", "mac_roman"])
def test_utf_8_read_as_another_encoding_is_refused(stated):
    with pytest.raises(InputError, match=r"is UTF-8 text \('Köln'\), not .*take 'encoding' out"):
        decode("city\nKöln\n".encode(), "t.csv", stated)
    assert decode(b"plain", "t.csv", stated) == "plain"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04...", "Excel or zip"),
        (b"PAR1...", "Parquet"),
        (b"\x1f\x8b...", "compressed"),
        (b"\xd0\xcf\x11\xe0...", "old Excel"),
    ],
)
def test_files_that_are_no_text_are_called_by_name(content, told):
    with pytest.raises(InputError, match=told):
        decode(content, "t.csv")


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xfe\xff\x00a\x00", b"\xff\xfe\x00\xd8"])
def test_a_file_that_is_cut_off(content):
    with pytest.raises(InputError, match=r"is not UTF-16-.E text; save the file as UTF-8"):
        decode(content, "t.csv")


@pytest.mark.parametrize("content", [b"\xff", b"a,b\n\x81\x8d\x8f\x90\x9d\n", bytes(range(1, 256))])
def test_bytes_of_no_text_at_all(content):
    with pytest.raises(InputError, match=r"is not UTF-8 text"):
        decode(content, "t.csv")


def test_an_unknown_encoding():
    with pytest.raises(InputError, match="unknown encoding 'utf-9'"):
        decode(b"a", "t.csv", "utf-9")
