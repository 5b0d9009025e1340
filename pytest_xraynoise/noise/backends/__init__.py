"""Who computes the noise: NumPy (the reference), compiled CPU kernels, CUDA kernels."""
