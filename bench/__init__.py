"""Speed, measured side by side on one machine: nginx, Lockgate and the peers that a registry offers.

`python -m bench` starts everything on loopback, measures in interleaved rounds, prints one table and writes one JSON file.
It judges the bars of DESIGN.md section 11 in words only: nothing here is a test, and no test asserts a timing.
"""
