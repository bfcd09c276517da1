import io

import pandas as pd

from synthwire.io.csv_text import csv_text


def test_no_name_of_a_file_is_a_formula_to_a_spreadsheet():
    names = ["=cmd.png", "+1.png", "-a.png", "@a.png", "a=b.png", "\tx", 'x,\n"y']
    table = pd.DataFrame({"image": names, "value": [-1.23456789, 2, None, 4, 5, 6, 7]})
    text = csv_text(table)
    read = pd.read_csv(io.StringIO(text))
    assert list(read["image"]) == [
        "./=cmd.png", "./+1.png", "./-a.png", "./@a.png", "a=b.png", "./\tx", "x,\n\"y",
    ]  # fmt: skip
    assert read["value"][0] == -1.234568
    assert csv_text(table, header=False) == text.partition("\n")[2]
