"""Publication figures, drawn from stored results only.

One module per kind of figure, one look for all of them (`style`). Each `draw_…` function is pure:
it takes what the readers in `sources` give and returns a `style.Drawing`, which `style.save`
writes as pdf, svg and png together with the figure's data as csv and the numbers that its caption
needs as json.
"""
