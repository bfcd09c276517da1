"""Synthesis fitted to unlabelled images, so that a network can learn their kind.

The paper's authors tuned their synthetic data by hand, "in recursive steps", until the models read
the real images. Here an optimiser does it: `fields` cuts the images into pieces as a network sees
them, `statistics` says in numbers what they look like, `candidates` are the structures and
microscopes that may explain them, `fit` finds those that do, and `run_config` writes the workflow's
configuration that learns from them. `evidence` says whether it helped.
"""
