"""From a picture to what is found in it, whatever runs the network.

predictor: the sizes that an image is seen at, scores, masks, suppression; pasting, from soft masks
of regions to pixels; tiling, images of any size. portable: a network in ONNX's form, with what lies
between its graphs in regions. PyTorch's way is `learning.predict`.
"""
