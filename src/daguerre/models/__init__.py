"""Every model as data, its weights, and its runtime."""
