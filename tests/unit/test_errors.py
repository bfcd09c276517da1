from hypothesis import given
from hypothesis import strategies as st

from synthwire.errors import InputError, one_line


def test_a_terminal_gets_nothing_to_obey():
    assert str(InputError("a\n\x1b[2J\x07.png: bad")) == "a \\x1b[2J\\x07.png: bad"
    assert one_line("Å µm\t1.png") == "Å µm 1.png"


@given(st.text(st.characters()))  # surrogates too, as in the names of files that are no UTF-8
def test_any_text_is_one_line_that_can_be_printed(text):
    line = one_line(text)
    assert line.isprintable()
    line.encode()
