"""What the web app computes and draws, apart from Streamlit's script `main.py`."""
