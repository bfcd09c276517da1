"""A run beside the paper: what was measured, what was published, and which claims hold.

study.py looks up both. tables.py builds Tables 1–4 and the list of all models (training_table,
image_table, full_table; their words in table_texts); claims.py reads the paper's claims, which
claim_tests.py judges, and verdict.py puts them together; table_files.py writes and reads tables.
report.py makes the page of a run from headlines, report_figures, captions, run_times and
rule_graph; summary.py is for the terminal. diagnosis.py asks why a model fails on a microscopy.
"""
