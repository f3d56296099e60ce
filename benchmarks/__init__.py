"""This machine, side by side with others: ``python -m benchmarks`` prints ratios."""
