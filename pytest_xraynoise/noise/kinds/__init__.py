"""The built-in kinds of noise, one file each."""
