"""The report's figures, one file a section. Each takes results and a palette and returns a matplotlib figure."""
