"""Publication figures, drawn from stored results only.

One file a kind of figure; kit/ holds what they share. Each `draw_…` function is pure: it takes what
the readers in `kit/sources.py` and `datasets/annotated_images.py` give and returns a
`kit.style.Drawing`, which `kit.style.save` writes as pdf, svg and png together with the figure's
data as csv and the numbers that its caption needs as json.
"""
