"""Masks, measured.

measures.py measures one mask, table.py all of an image set, a row a particle; distances.py tells
how far two such tables lie apart; distribution.py makes histograms and densities for charts.
"""
