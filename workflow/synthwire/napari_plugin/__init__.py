"""SynthWire in napari (https://napari.org): results are opened, made, corrected and saved there.

napari finds the room by its manifest, napari.yaml: reader.py opens a result's folder, widget.py
finds particles, writer.py saves what was drawn, changed and deleted. layers.py has the form that
particles have as napari's shapes. napari itself is imported where a window is open anyway.
"""
