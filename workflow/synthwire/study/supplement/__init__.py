"""The supplement: what the paper's notes and their neighbours measure, one question a file.

Each gives a `Table`; the figures are in the room `figures`, the settings in config/supplement.
"""
