"""What watching costs, measured beside other tools: `python -m benchmarks` as root, or `make bench`.

One module for each subject. `running.py` starts, pins and reads what is measured, `monitors.py` lists what is compared,
`results.py` holds the numbers, `report.py` makes Markdown of them.
"""
