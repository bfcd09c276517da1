"""Streamlit's script of the web app, run anew whenever a user moves something: synthwire app"""

from synthwire.webapp.page import show_page

show_page()
