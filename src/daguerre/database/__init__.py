"""The database of the service: its connection, its tables and their migrations. Made once at start, and passed."""
