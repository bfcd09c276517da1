rule report:
    output: f"{RUN}/report.html"
