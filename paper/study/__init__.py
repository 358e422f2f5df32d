"""When is the kernel theory true? Sweeps over finite networks, claims with verdicts, and their figures.

Each part is a module with `run(sizes, folder) -> dict`, which README.md describes; `figures` draws from the JSON.
"""
