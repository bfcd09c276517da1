"""Where the app's own files lie."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# Streamlit puts the script's folder on the import path, so it holds nothing that could be imported.
SCRIPT = FOLDER / "script" / "main.py"
SAMPLES = FOLDER / "samples"
ICON = FOLDER / "icon.svg"
WORDMARK = FOLDER / "wordmark.svg"
