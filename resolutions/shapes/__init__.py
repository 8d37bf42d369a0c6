"""What servers write for people to read: the shapes of bounces that are no report."""
