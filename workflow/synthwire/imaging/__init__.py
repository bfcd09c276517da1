"""A labelled volume seen: what a beam meets in it, and the images that are made of that.

projection: the volume as a beam along −z meets it, and as a tilted beam does. compression: the
paper's optical-density image. microscopes: virtual microscopes, one a file. picture: an image with
its masks, for training and test sets alike. shard: the images of one shard of volumes as files.
likeness: how alike two kinds of image are, in numbers.
"""
