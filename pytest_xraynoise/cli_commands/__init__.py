"""The larger commands of the console script, one module each."""
