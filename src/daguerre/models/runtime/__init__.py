"""What runs a model: its session, the devices, and the models that are loaded."""
