"""Detectron2 on a CPU."""
