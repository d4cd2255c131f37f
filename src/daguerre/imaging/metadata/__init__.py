"""What a file tells of its picture: EXIF, XMP and what was done to it."""
