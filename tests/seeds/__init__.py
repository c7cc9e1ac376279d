"""Many lives of the whole system in one process: each from a seed, and the same every time."""
