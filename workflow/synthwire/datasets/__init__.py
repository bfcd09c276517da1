"""Data sets: images with their masks, and how they are split.

split: nested training sets and a validation set of our own images. authors_layout: the folder
layout of the data set that the paper's authors published, in and out. image_sets: the test images,
published, a user's own, or simulated. absorption: from measured intensities to optical density.
annotated_images: the one reader of all of these, an image with its outlines.
"""
