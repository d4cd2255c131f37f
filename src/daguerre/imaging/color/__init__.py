"""What samples mean in light: profiles, transfer functions and inks."""
