"""What is drawn over a picture: data bars below it, captions, letters and scale bars in it.

`window` says which part of the rows and columns is picture, by hand or with data_bar.py; ink.py
finds what is drawn with one ink, drawings.py what of that are letters, bars and their boxes. A
scale bar gives a pixel size: scale_bar.py pairs bars with labels, label.py reads a length from
text, and reader.py text from pixels, where its optional packages are installed.
"""
