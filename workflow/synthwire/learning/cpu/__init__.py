"""Training and prediction, quicker on a CPU: accelerate changes a network that Detectron2 built.

pooling: regions' features; convolution: small maps. Each part says what was measured of it.
"""
