"""What files are built of: boxes, segments, chunks and directories, read and written without their pictures."""
