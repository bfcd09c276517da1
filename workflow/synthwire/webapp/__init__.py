"""The web app: a user's images segmented and measured in the browser.

script/main.py is what Streamlit runs; page.py lays the page out from sidebar.py, image_part.py and
lower_part.py. findings.py is what models found, remembered between the script's runs. The other
files compute and draw, and know nothing of Streamlit.
"""
