"""Every network as data, its weights, and its runtime."""
