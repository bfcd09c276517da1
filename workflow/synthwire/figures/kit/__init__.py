"""What figures share.

style: sizes, type, colours, and how a drawing is written; layout: where axes and panel letters
stand; scales: scale bars and logarithmic axes; panels: panels that several figures have; overlay:
instances over an image; volume: a labelled volume in 3D; sources: reading of stored evaluations.
"""
