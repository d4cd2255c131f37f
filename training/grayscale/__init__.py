"""Whether a photo is monochrome: samples with their answer, and the small network that learns it."""
